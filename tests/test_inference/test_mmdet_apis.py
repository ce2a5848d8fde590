"""mmdet's own functions on our models give what `Predictor` gives."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmdet.apis import inference_detector, init_detector
from mmdet.utils import get_test_pipeline_cfg
from mmengine.config import Config
from mmengine.registry import init_default_scope
from PIL import Image

from mmremax.inference import Predictor
from mmremax.inference.pretrained import read_model_config
from mmremax.utils.migration import read_config
from mmremax_runtime import Segmentation
from mmremax_runtime.images import ImageError
from tests.helpers.mask2former_fixture import small
from tests.helpers.model_fixture import CONFIGS
from tests.test_inference.conftest import NAMES


def as_bgr(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))[..., ::-1]


@pytest.fixture(scope='module')
def predictor(weights) -> Predictor:
    return Predictor.from_pretrained(weights, device='cpu')


@pytest.fixture(scope='module')
def cfg(weights) -> Config:
    return read_model_config(weights)


@pytest.fixture(scope='module')
def model(cfg, weights) -> torch.nn.Module:
    return init_detector(cfg, str(weights), device='cpu')


@pytest.fixture
def check(predictor):
    """Compare a sample of mmdet with what Predictor says of an image."""

    def compare(sample, path) -> None:
        panoptic = sample.pred_panoptic_seg
        found = Segmentation.from_mmdet(
            panoptic.sem_seg[0].numpy(), panoptic.segments, predictor.classes
        )
        expected = predictor.predict(path)
        assert (found.ids == expected.ids).all()
        assert found.segments == expected.segments
        assert len(found.segments) > 5

    return compare


def test_paths_and_bgr_arrays_in_any_order(model, check, images):
    before = model.cfg.to_dict()
    first, second, _ = images
    check(inference_detector(model, str(first)), first)
    check(inference_detector(model, as_bgr(first)), first)
    check(inference_detector(model, first), first)
    for inputs in ([str(first), str(second)], [*map(as_bgr, images[:2])]):
        results = inference_detector(model, inputs)
        for sample, path in zip(results, images[:2], strict=True):
            check(sample, path)
    assert model.cfg.to_dict() == before


def test_the_order_of_the_channels_matters(model, images):
    """Or the test above would prove nothing."""
    results = inference_detector(
        model, [as_bgr(images[0]), as_bgr(images[0])[..., ::-1]]
    )
    ids, other = (sample.pred_panoptic_seg.sem_seg for sample in results)
    assert (ids != other).float().mean() > 0.01


def test_pipelines_that_a_caller_builds(model, check, images):
    """As mmdet's demos of videos and webcams do, and with our loader."""
    path, model = images[0], copy.deepcopy(model)
    pipeline = Compose(get_test_pipeline_cfg(model.cfg))
    check(inference_detector(model, str(path), pipeline), path)
    check(inference_detector(model, as_bgr(path), pipeline), path)
    steps = model.cfg.test_dataloader.dataset.pipeline
    steps[0].type = 'mmdet.LoadImageFromNDArray'
    pipeline = Compose(model.cfg.test_dataloader.dataset.pipeline)
    check(inference_detector(model, as_bgr(path), pipeline), path)


def test_what_is_no_image_says_so(model, images):
    bgr = as_bgr(images[0])
    result = inference_detector(model, bgr[..., 1]).pred_panoptic_seg.sem_seg
    assert result.shape[1:] == bgr.shape[:2]
    pipeline = Compose(get_test_pipeline_cfg(model.cfg))
    with pytest.raises(ImageError, match='float32: scale it to 0 to 255'):
        inference_detector(model, bgr.astype(np.float32), pipeline)
    with pytest.raises(
        FileNotFoundError, match=r'no\.jpg does not exist: giv'
    ):
        inference_detector(model, 'no.jpg')


def test_a_saved_folder_is_config_and_checkpoint(
    predictor, check, images, tmp_path
):
    folder = predictor.save_pretrained(tmp_path)
    config, weights = folder / 'config.json', folder / 'model.safetensors'
    model = init_detector(config, str(weights), device='cpu')
    assert model.dataset_meta['classes'] == NAMES
    check(inference_detector(model, as_bgr(images[0])), images[0])


def test_names_are_never_guessed(cfg, weights, shapes_root, tmp_path):
    """Not even where mmdet writes COCO's 80."""
    nameless = tmp_path / 'nameless.pth'
    torch.save(dict(torch.load(weights), meta={}), nameless)
    with pytest.raises(ValueError, match='10 classes, and no names'):
        init_detector(cfg, str(nameless), device='cpu')
    options = {'test_dataloader.dataset.data_root': str(shapes_root)}
    model = init_detector(
        copy.deepcopy(cfg), str(nameless), device='cpu', cfg_options=options
    )
    assert model.dataset_meta['classes'][0] == 'disc'


@pytest.mark.parametrize(
    'name',
    [
        'small/mask2former_lite0_nuclei',
        'mp_former/mp-former_r50_coco-instance_50e',
    ],
)
def test_mask2former_reads_paths_and_bgr_arrays(name, images, tmp_path):
    """Detectors of mmdet's, on our pipeline and on its own."""
    init_default_scope('mmdet')
    cfg = read_config(CONFIGS / f'{name}.py')
    weights = tmp_path / 'random.pth'
    meta = dict(dataset_meta=dict(classes=('a',), palette=[(1, 2, 3)]))
    torch.save(dict(state_dict=small(cfg).state_dict(), meta=meta), weights)
    resize = cfg.test_dataloader.dataset.pipeline[1]
    if 'scale' in resize:
        resize.scale = (128, 96)
    model = init_detector(cfg, str(weights), device='cpu')
    expected = inference_detector(model, str(images[0])).pred_instances
    found = inference_detector(model, as_bgr(images[0])).pred_instances
    assert len(found) > 0
    for key, value in expected.items():
        assert torch.equal(value, found[key]), key
