"""The inferencer: `Predictor`'s maps by the calls of `DetInferencer`."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from PIL import Image

from mmremax.datasets.panoptic_png import colours_to_ids
from mmremax.inference import PanopticInferencer, Predictor
from mmremax.inference.pretrained import read_model_config
from mmremax.utils.migration import read_config
from mmremax_runtime.images import ImageError
from tests.helpers.mask2former_fixture import small
from tests.helpers.model_fixture import CONFIGS
from tests.test_inference.conftest import CONFIG, NAMES, PALETTE

QUIET = dict(device='cpu', show_progress=False)


@pytest.fixture(scope='module')
def predictor(weights) -> Predictor:
    return Predictor.from_pretrained(weights, device='cpu')


@pytest.fixture(scope='module')
def inferencer(weights) -> PanopticInferencer:
    """From the weights alone, which hold their config."""
    return PanopticInferencer(weights=weights, **QUIET)


@pytest.fixture(scope='module')
def expected(predictor, images) -> list:
    return [predictor.predict(path) for path in images]


def as_bgr(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))[..., ::-1]


def check(prediction: dict, expected) -> None:
    """Compare ids, and what is said of them."""
    ids = colours_to_ids(prediction['panoptic_seg'])
    infos = prediction['segments_info']
    assert len(infos) == len(expected.segments) > 5
    assert ((ids == 0) == (expected.ids == 0)).all()
    for info, segment in zip(infos, expected.segments, strict=True):
        assert ((ids == info['id']) == (expected.ids == segment.id)).all()
        assert info['id'] % 1000 == info['category_id'] == segment.label
        assert info['category'] == segment.category == NAMES[segment.label]
        assert info['score'] == pytest.approx(segment.score, rel=1e-4)


def test_paths_arrays_and_batches_of_any_sizes(inferencer, images, expected):
    paths = [str(path) for path in images]
    arrays = [as_bgr(path) for path in images]
    for inputs in (paths, images, arrays):
        result = inferencer(inputs, batch_size=3)['predictions']
        for prediction, segmentation in zip(result, expected, strict=True):
            check(prediction, segmentation)
    for single in (paths[0], images[0], arrays[0]):
        (prediction,) = inferencer(single)['predictions']
        check(prediction, expected[0])


def test_a_folder_in_order_of_name_with_files(
    inferencer, images, expected, tmp_path
):
    inferencer(
        str(images[0].parent),
        out_dir=str(tmp_path),
        no_save_pred=False,
        pred_score_thr=0.0,
    )
    vis = sorted(path.name for path in (tmp_path / 'vis').iterdir())
    assert vis == ['a.png', 'b.png', 'c.png']
    for path, segmentation in zip(images, expected, strict=True):
        stem = tmp_path / 'preds' / path.stem
        table = json.loads(Path(f'{stem}.json').read_text())
        assert table['panoptic_seg_path'] == f'{stem}_panoptic_seg.png'
        colours = np.asarray(Image.open(f'{stem}_panoptic_seg.png'))
        check(dict(table, panoptic_seg=colours), segmentation)
        drawn = np.asarray(Image.open(tmp_path / 'vis' / path.name))
        assert (drawn == np.asarray(segmentation.draw())).all()


def test_files_of_arrays_are_numbered(inferencer, images, tmp_path):
    options = dict(out_dir=str(tmp_path), no_save_pred=False)
    for _ in range(2):
        inferencer(as_bgr(images[0]), **options)
    tables = sorted(path.name for path in (tmp_path / 'preds').glob('*.json'))
    assert len(tables) == 2


def test_pictures_of_a_path_and_an_array_are_equal(inferencer, images):
    options = dict(return_vis=True, pred_score_thr=0.0)
    inputs = [str(images[0]), as_bgr(images[0])]
    first, second = inferencer(inputs, **options)['visualization']
    assert (first == second).all()
    (unsure,) = inferencer(inputs[0], return_vis=True, pred_score_thr=1.1)[
        'visualization'
    ]
    assert unsure.mean() < first.mean()  # void is dark


def test_a_map_without_segments(weights, images, tmp_path):
    cfg = read_model_config(weights)
    cfg.model.test_cfg.update(thing_threshold=1.0, stuff_threshold=1.0)
    before = cfg.to_dict()
    inferencer = PanopticInferencer(cfg, str(weights), **QUIET)
    result = inferencer(str(images[0]), return_vis=True)
    assert cfg.to_dict() == before
    (prediction,) = result['predictions']
    assert not prediction['panoptic_seg'].any()
    assert prediction['segments_info'] == []
    assert result['visualization'][0].shape == (90, 129, 3)


def test_a_name_of_the_index_and_other_colours(weights):
    options = dict(palette='random', **QUIET)
    model = PanopticInferencer(CONFIG.stem, weights, **options).model
    assert model.cfg.model.type == 'KMaXDeepLab'
    assert model.dataset_meta['classes'] == NAMES
    assert len(model.dataset_meta['palette']) == len(NAMES)
    assert model.dataset_meta['palette'] != PALETTE


def test_stuff_of_class_0_is_not_void(inferencer):
    ids = torch.tensor([[[0, 1, 1002, len(NAMES)]]])
    sample = DetDataSample(pred_panoptic_seg=PixelData(sem_seg=ids))
    result = inferencer.pred2dict(sample)
    saved = colours_to_ids(result['panoptic_seg'])
    assert saved.tolist() == [[1000, 1, 1002, 0]]
    assert [s['id'] for s in result['segments_info']] == [1000, 1, 1002]
    assert ids.tolist() == [[[0, 1, 1002, len(NAMES)]]]


def test_what_would_go_wrong_silently_is_an_error(
    inferencer, weights, images, tmp_path
):
    with pytest.raises(ValueError, match='no weights: give a checkpoint'):
        PanopticInferencer(read_model_config(weights), **QUIET)
    with pytest.raises(FileNotFoundError, match='is a config: give a check'):
        PanopticInferencer(CONFIG.stem, **QUIET)
    with pytest.raises(FileNotFoundError, match='no config remax_r50_cocoa'):
        PanopticInferencer('remax_r50_cocoa', weights, **QUIET)
    with pytest.raises(FileNotFoundError, match='does not exist: give'):
        inferencer(str(tmp_path / 'none.png'))
    with pytest.raises(ImageError, match='holds no image'):
        inferencer(str(tmp_path))
    other = tmp_path / 'c.jpg'
    Image.open(images[0]).save(other)
    with pytest.raises(ValueError, match='Several images are named c'):
        inferencer([str(images[0]), str(other)], out_dir=str(tmp_path / 'out'))


def test_mask2former_on_the_pipeline_of_mmdet(images, tmp_path):
    """Random weights: nothing is sure enough to be a segment."""
    init_default_scope('mmdet')
    name = 'mp_former/mp-former_r50_coco-panoptic_50e.py'
    cfg = read_config(CONFIGS / name)
    weights = tmp_path / 'random.pth'
    torch.save(dict(state_dict=small(cfg).state_dict()), weights)
    cfg.test_dataloader.dataset.pipeline[1].scale = (128, 96)
    inferencer = PanopticInferencer(cfg, weights, **QUIET)
    assert len(inferencer.model.dataset_meta['classes']) == 133
    inputs = [str(images[0]), as_bgr(images[0])]
    options = dict(out_dir=str(tmp_path), no_save_pred=False, return_vis=True)
    result = inferencer(inputs, **options)
    first, second = result['visualization']
    assert (first == second).all()
    assert [p['segments_info'] for p in result['predictions']] == [[], []]
