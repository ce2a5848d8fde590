"""Cityscapes AP equals the official script on its own files."""

import copy
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from cityscapesscripts.helpers.labels import name2label
from PIL import Image

from mmremax.datasets import PanopticDataset
from mmremax.evaluation import CityscapesAPMetric
from tests.helpers.original_layouts import official_path
from tests.helpers.predictions import evaluate, random_samples, true_samples

official = import_module(
    'cityscapesscripts.evaluation.evalInstanceLevelSemanticLabeling'
)


def write_predictions(
    data: PanopticDataset, samples: list[dict], folder: Path
) -> tuple[list[str], list[str]]:
    """Write masks and lists as the official script reads them."""
    folder.mkdir()
    lists, truth = [], []
    for number, sample in enumerate(samples):
        lines = []
        found = sample['pred_instances']
        fields = [found[k].numpy() for k in ('labels', 'scores', 'masks')]
        for i, (label, score, mask) in enumerate(zip(*fields, strict=True)):
            name = f'{number}_{i}.png'
            Image.fromarray(mask.astype(np.uint8)).save(folder / name)
            label_id = name2label[data.metainfo['classes'][label]].id
            lines.append(f'{name} {label_id} {float(score)!r}\n')
        path = folder / f'{number}.txt'
        path.write_text(''.join(lines))
        lists.append(str(path))
        truth.append(official_path(sample, 'instanceIds'))
    return lists, truth


@pytest.mark.parametrize('seed', range(4))
def test_equal_to_cityscapesscripts(cityscapes, seed, tmp_path, monkeypatch):
    samples = random_samples(cityscapes, seed)
    metric = CityscapesAPMetric()
    metric.dataset_meta = cityscapes.metainfo
    metric.process({}, samples)
    assert all(len(str(result)) < 30000 for result in metric.results)
    scores = metric.evaluate(len(samples))
    assert 5 < scores['cityscapes/AP'] < 95
    folder = tmp_path / 'predictions'
    lists, truth = write_predictions(cityscapes, samples, folder)
    args = copy.copy(official.args)
    args.quiet, args.JSONOutput = True, False
    args.predictionPath = str(folder)
    args.gtInstancesFile = str(tmp_path / 'gtInstances.json')
    monkeypatch.chdir(tmp_path)  # the script writes matches.json
    monkeypatch.setattr(np, 'in1d', np.isin, raising=False)  # deprecated
    theirs = official.evaluateImgLists(lists, truth, args)['averages']
    assert scores == {
        'cityscapes/AP': 100 * theirs['allAp'],
        'cityscapes/AP50': 100 * theirs['allAp50%'],
    }
    for name, row in theirs['classes'].items():
        ours = metric.class_scores[name]
        assert ours['AP'] == pytest.approx(100 * row['ap'], nan_ok=True)


def test_faults_say_what_to_do(cityscapes):
    (sample, *_) = samples = true_samples(cityscapes)
    masks = sample['pred_instances']['masks']
    sample['pred_instances']['masks'] = masks[:, 1:]
    with pytest.raises(ValueError, match='original size'):
        evaluate(CityscapesAPMetric(), cityscapes, samples)
    sample['img_path'] = 'train/1.jpg'
    with pytest.raises(FileNotFoundError, match='use InstanceAPMetric'):
        evaluate(CityscapesAPMetric(), cityscapes, samples)
