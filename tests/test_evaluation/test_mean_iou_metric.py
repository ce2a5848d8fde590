"""mIoU equals mmseg's and cityscapesscripts' on random predictions."""

import copy
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from cityscapesscripts.helpers.labels import trainId2label
from mmdet.registry import DATASETS, METRICS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.evaluation import IoUMetric
from PIL import Image

from mmremax.datasets.conversion.ade20k import convert_ade20k
from mmremax.datasets.panoptic_png import read_ids
from mmremax.evaluation import MeanIoUMetric
from mmremax.evaluation.mean_iou_metric import semantic_labels
from mmremax_runtime.images import ImageError
from tests.helpers.original_layouts import official_path, write_ade20k
from tests.helpers.predictions import evaluate, random_samples, true_samples
from tests.test_evaluation.conftest import CONFIGS

official = import_module(
    'cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling'
)


@pytest.mark.parametrize('name', ['shapes', 'cityscapes'])
def test_equal_to_mmseg(request, name):
    data = request.getfixturevalue(name)
    samples = random_samples(data)
    metric = MeanIoUMetric()
    scores = evaluate(metric, data, samples)
    assert 5 < scores['semantic/mIoU'] < 95
    theirs = IoUMetric()
    theirs.dataset_meta = data.metainfo
    for sample in samples:
        ids = read_ids(sample['seg_map_path'], '')
        labels = semantic_labels(ids, sample['segments_info'])
        labels[labels < 0] = 255
        found = dict(data=sample['pred_sem_seg']['sem_seg'])
        true = dict(data=torch.from_numpy(labels)[None])
        theirs.process({}, [dict(pred_sem_seg=found, gt_sem_seg=true)])
    for key, value in theirs.evaluate(len(data)).items():
        assert scores[f'semantic/{key}'] == pytest.approx(value, abs=0.00501)


def test_equal_to_cityscapesscripts(cityscapes, tmp_path):
    samples = random_samples(cityscapes)
    scores = evaluate(MeanIoUMetric(), cityscapes, samples)
    category_ids = cityscapes.metainfo['category_ids']
    id_of = np.array([trainId2label[i].id for i in category_ids], np.uint8)
    predicted, truth = [], []
    for number, sample in enumerate(samples):
        path = tmp_path / f'{number}.png'
        labels = sample['pred_sem_seg']['sem_seg'][0].numpy()
        Image.fromarray(id_of[labels]).save(path)
        predicted.append(str(path))
        truth.append(official_path(sample, 'labelIds'))
    args = copy.copy(official.args)
    args.quiet, args.JSONOutput, args.evalInstLevelScore = True, False, False
    args.evalLabels = []
    theirs = official.evaluateImgLists(predicted, truth, args)
    expected = 100 * theirs['averageScoreClasses']
    assert scores['semantic/mIoU'] == pytest.approx(expected, rel=1e-12)


def test_the_maps_of_a_benchmark(tmp_path):
    """ADE20K labels the class of a flag that is no instance."""
    write_ade20k(tmp_path)
    list(convert_ade20k(tmp_path, 'val', tmp_path))
    init_default_scope('mmdet')
    config = Config.fromfile(CONFIGS / 'ade20k_panoptic.py')
    dataset = dict(config.val_dataloader.dataset, data_root=str(tmp_path))
    data = DATASETS.build(dataset)
    samples = true_samples(data)
    assert evaluate(MeanIoUMetric(), data, samples)['semantic/mIoU'] == 100
    assert config.semantic_evaluator.label_dir.startswith(config.data_root)
    maps = str(tmp_path / 'annotations/validation')
    metric = METRICS.build(dict(config.semantic_evaluator, label_dir=maps))
    scores = evaluate(metric, data, samples)
    assert metric.class_scores['bed'] == dict(IoU=100.0, Acc=100.0)
    assert metric.class_scores['flag'] == dict(IoU=50.0, Acc=50.0)
    assert np.isnan(metric.class_scores['clock']['IoU'])
    assert scores['semantic/mIoU'] < 100
    metric.check_data(data)
    path = Path(metric.label_path(data.get_data_info(0)))
    labels = np.array(Image.open(path))
    strange = labels.copy()
    strange[3, 4] = 200
    Image.fromarray(strange).save(path)
    with pytest.raises(ImageError, match='has the value 200, which is no'):
        evaluate(metric, data, samples)
    for image, text in (
        (Image.fromarray(labels[1:]), 'has the size'),
        (Image.fromarray(labels).convert('RGB'), 'has the mode RGB'),
        (Image.fromarray(labels > 0), 'has 1 bits a pixel'),
    ):
        image.save(path)
        with pytest.raises(ImageError, match=f'{path.name} {text}'):
            metric.check_data(data)
    path.unlink()
    with pytest.raises(FileNotFoundError, match='check label_dir'):
        metric.check_data(data)


def test_faults_say_what_to_do(shapes):
    (sample, *_) = samples = true_samples(shapes)
    good = sample['pred_sem_seg']['sem_seg']
    sample['pred_sem_seg'] = dict(sem_seg=good + 9)
    with pytest.raises(ValueError, match=r'1.png has class .* 10 classes'):
        evaluate(MeanIoUMetric(), shapes, samples)
    sample['pred_sem_seg'] = dict(sem_seg=good[:, 1:])
    with pytest.raises(ValueError, match=r'1.png.*original size'):
        evaluate(MeanIoUMetric(), shapes, samples)
    del sample['pred_sem_seg']
    with pytest.raises(KeyError, match='test_cfg.semantic_on=True'):
        evaluate(MeanIoUMetric(), shapes, samples)
    sample['pred_sem_seg'] = dict(sem_seg=good)
    with pytest.raises(FileNotFoundError, match='check label_dir'):
        evaluate(MeanIoUMetric(label_dir='nowhere'), shapes, samples)
