"""The streaming metric: exact, in percent, dumped as others read it."""

import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger
from PIL import Image

from mmremax.datasets import PanopticDataset
from mmremax.datasets.panoptic_png import read_ids
from mmremax.evaluation import PanopticQualityMetric
from mmremax_runtime.errors import InputError
from mmremax_runtime.segmentation import ids_to_colours
from tests.helpers.predictions import evaluate, predictions, shift
from tests.helpers.sample_data import (
    ANN_FILE,
    DATA_PREFIX,
    needs_sample,
    sample_root,
)


def score(data: PanopticDataset, samples: list[dict], **kwargs) -> dict:
    return evaluate(PanopticQualityMetric(**kwargs), data, samples)


def official(gt_json: Path, gt_dir: Path, pred_json: Path) -> dict:
    evaluation = pytest.importorskip('panopticapi.evaluation')
    return evaluation.pq_compute(
        str(gt_json), str(pred_json), gt_folder=str(gt_dir)
    )


def assert_equal_scores(ours: dict, theirs: dict, rel: float) -> None:
    assert len(ours) == 9
    assert 5 < ours['coco_panoptic/PQ'] < 95
    for name, suffix in (('All', ''), ('Things', '_th'), ('Stuff', '_st')):
        for key in ('PQ', 'SQ', 'RQ'):
            expected = 100 * theirs[name][key.lower()]
            found = ours[f'coco_panoptic/{key}{suffix}']
            assert found == pytest.approx(expected, rel=rel, abs=0)


def test_equal_to_panopticapi_through_its_own_format(
    shapes, shapes_root, tmp_path
):
    samples = predictions(shapes, shift)
    scores = score(shapes, samples, dump_dir=str(tmp_path))
    folder = shapes_root / 'annotations/panoptic_train'
    found = tmp_path / 'panoptic.json'
    theirs = official(folder.with_suffix('.json'), folder, found)
    # panopticapi's own last digits depend on its number of processes.
    assert_equal_scores(scores, theirs, rel=1e-14)


def test_equal_to_cityscapesscripts(cityscapes, tmp_path):
    script = import_module(
        'cityscapesscripts.evaluation.evalPanopticSemanticLabeling'
    )
    folder = tmp_path / 'predictions'

    def nudge(encoded: np.ndarray, void: int, rng: object) -> np.ndarray:
        return np.roll(encoded, (1, 2), axis=(0, 1))

    samples = predictions(cityscapes, nudge)
    scores = score(cityscapes, samples, dump_dir=str(folder))
    root = Path(cityscapes.data_root)
    theirs = script.evaluatePanoptic(
        str(root / 'panoptic_val.json'),
        str(root / 'panoptic_val'),
        str(folder / 'panoptic.json'),
        str(folder / 'panoptic'),
        str(tmp_path / 'official.json'),
    )
    assert_equal_scores(scores, theirs, rel=1e-12)


@needs_sample
def test_equal_to_panopticapi_on_real_images(tmp_path):
    root = sample_root()
    data = PanopticDataset(ANN_FILE, str(root), DATA_PREFIX, test_mode=True)
    assert set(score(data, predictions(data)).values()) == {100.0}
    ours = score(data, predictions(data, shift), dump_dir=str(tmp_path))
    theirs = official(
        root / ANN_FILE, root / DATA_PREFIX['seg'], tmp_path / 'panoptic.json'
    )
    assert_equal_scores(ours, theirs, rel=0)


def test_only_present_classes_count_and_undefined_means_are_nan(
    shapes, tmp_path
):
    samples = predictions(shapes)
    for sample in samples:  # a truth of things alone
        table = sample['segments_info']
        stuff = [s['id'] for s in table if not s['is_thing']]
        ids = read_ids(sample['seg_map_path'], '')
        ids[np.isin(ids, stuff)] = 0
        sample['seg_map_path'] = tmp_path / sample['png_name']
        Image.fromarray(ids_to_colours(ids)).save(sample['seg_map_path'])
        sample['segments_info'] = [s for s in table if s['is_thing']]
        void = sample['pred_panoptic_seg']['sem_seg'] < 1000
        sample['pred_panoptic_seg']['sem_seg'][void] = 10
    scores = score(shapes, samples)
    assert scores['coco_panoptic/PQ'] == scores['coco_panoptic/PQ_th'] == 100
    assert np.isnan(scores['coco_panoptic/PQ_st'])


def test_results_are_small_and_tables_are_printed(shapes, monkeypatch):
    metric = PanopticQualityMetric()
    metric.dataset_meta = shapes.metainfo
    metric.process({}, predictions(shapes))
    for result in metric.results:
        assert result['entry'] is None
        assert sum(array.nbytes for array in result['counts']) <= 10 * 5 * 8
    messages = []
    logger = MMLogger.get_current_instance()
    monkeypatch.setattr(logger, 'info', messages.append)
    metric.compute_metrics(metric.results)
    metric.classwise = False
    metric.compute_metrics(metric.results)
    assert len(messages) == 3
    for word in ('All', 'Things', 'Stuff', '100.00'):
        assert word in messages[0]
    for word in ('triangle', 'bricks', 'n: true segments'):
        assert word in messages[1]


def test_images_without_truth_are_dumped_but_not_scored(shapes, tmp_path):
    samples = predictions(shapes)
    for sample in samples:
        sample['seg_map_path'] = sample['segments_info'] = None
    with pytest.raises(ValueError, match='no ground truth to score'):
        score(shapes, samples)
    assert score(shapes, samples, dump_dir=str(tmp_path)) == {}
    entries = json.loads((tmp_path / 'panoptic.json').read_text())
    assert len(entries['annotations']) == len(samples)
    assert (tmp_path / 'panoptic/000000000001.png').is_file()


def test_the_dump_keeps_folders(shapes, tmp_path):
    samples = predictions(shapes)[:2]
    for number, sample in enumerate(samples):
        sample['png_name'] = f'cam{number}/frame.png'
    score(shapes, samples, dump_dir=str(tmp_path))
    content = json.loads((tmp_path / 'panoptic.json').read_text())
    names = [entry['file_name'] for entry in content['annotations']]
    assert names == ['cam0/frame.png', 'cam1/frame.png']
    assert all((tmp_path / 'panoptic' / name).is_file() for name in names)


@pytest.mark.parametrize(
    ('asked', 'said'), [({}, 'pixels'), (dict(json_areas=True), 'json')]
)
def test_other_areas_of_the_json_are_said(shapes, monkeypatch, asked, said):
    samples = predictions(shapes)
    sample = samples[0]
    sample['segments_info'][0]['area'] += 1000
    messages = []
    logger = MMLogger.get_current_instance()
    monkeypatch.setattr(logger, 'warning', messages.append)
    scores = score(shapes, samples, **asked)
    assert (scores['coco_panoptic/PQ'] == 100) == (not asked)
    (text,) = messages
    assert text.startswith('1 segments have another area')
    assert f'{sample["png_name"]}, segment ' in text
    assert f'the {said} counted' in text


def test_pixels_that_the_json_lacks_are_not_scored(shapes):
    (sample, *_) = predictions(shapes)
    del sample['segments_info'][0]
    with pytest.raises(InputError, match='which "segments_info" of its json'):
        score(shapes, [sample])


def test_faults_name_the_image(shapes):
    sample = predictions(shapes)[0]
    prediction = sample['pred_panoptic_seg']
    good = prediction['sem_seg']
    prediction['sem_seg'] = good[:, 1:]
    with pytest.raises(ValueError, match='1.png.*original size'):
        score(shapes, [sample])
    prediction['sem_seg'] = torch.where(good == 10, 57, good) + 1
    with pytest.raises(ValueError, match='1.png has class .* 10 classes'):
        score(shapes, [sample])
