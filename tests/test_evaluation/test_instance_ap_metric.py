"""Instance AP equals pycocotools on its own files."""

import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as mask_utils
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmremax.datasets import PanopticDataset
from mmremax.datasets.panoptic_png import read_ids
from mmremax.evaluation import InstanceAPMetric
from tests.helpers.predictions import evaluate, random_samples, true_samples

KEYS = ('AP', 'AP50', 'AP75', 'AP_s', 'AP_m', 'AP_l')


def coded(mask: np.ndarray, **others: float) -> dict:
    rle = mask_utils.encode(np.asfortranarray(mask))
    code = dict(size=rle['size'], counts=rle['counts'].decode())
    return dict(others, segmentation=code)


def write_instances(
    data: PanopticDataset, samples: list[dict], folder: Path
) -> tuple[Path, Path]:
    """Write truth and predictions as a user of pycocotools would."""
    num_things = len(data.metainfo['thing_classes'])
    category_ids = data.metainfo['category_ids'][:num_things]
    images, truth, found = [], [], []
    for sample in samples:
        height, width = sample['ori_shape']
        images.append(dict(id=sample['img_id'], height=height, width=width))
        ids = read_ids(sample['seg_map_path'], '')
        for segment in sample['segments_info']:
            if segment['category'] < num_things:
                mask = ids == segment['id']
                instance = coded(
                    mask,
                    id=len(truth) + 1,
                    image_id=sample['img_id'],
                    category_id=category_ids[segment['category']],
                    iscrowd=segment['iscrowd'],
                    area=int(mask.sum()),
                )
                truth.append(dict(instance, bbox=[0, 0, 1, 1]))
        made = sample['pred_instances']
        fields = [made[k].numpy() for k in ('labels', 'scores', 'masks')]
        found += [
            coded(
                mask,
                image_id=sample['img_id'],
                category_id=category_ids[label],
                score=float(score),
            )
            for label, score, mask in zip(*fields, strict=True)
            if label < num_things
        ]
    categories = [dict(id=i) for i in category_ids]
    content = dict(images=images, annotations=truth, categories=categories)
    paths = folder / 'instances.json', folder / 'found.json'
    for file, value in zip(paths, (content, found), strict=True):
        file.write_text(json.dumps(value))
    return paths


def official(truth: Path, found: Path) -> dict[str, float]:
    coco = COCO(str(truth))
    evaluation = COCOeval(coco, coco.loadRes(str(found)), 'segm')
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    values = evaluation.stats
    scores = dict(zip(KEYS, values[:6], strict=True), AR=values[8])
    return {
        f'instance/{key}': 100 * value if value > -1 else float('nan')
        for key, value in scores.items()
    }


@pytest.mark.parametrize('name', ['shapes', 'cityscapes'])
@pytest.mark.parametrize('from_file', [False, True])
def test_equal_to_pycocotools(request, name, from_file, tmp_path):
    data = request.getfixturevalue(name)
    samples = random_samples(data)
    truth, found = write_instances(data, samples, tmp_path)
    metric = InstanceAPMetric(ann_file=str(truth) if from_file else None)
    scores = evaluate(metric, data, samples)
    assert 5 < scores['instance/AP'] < 95
    expected = official(truth, found)
    assert scores == pytest.approx(expected, rel=1e-12, nan_ok=True)
    mean = np.nanmean([row['AP'] for row in metric.class_scores.values()])
    assert mean == pytest.approx(scores['instance/AP'])
    for sample in samples:
        found = sample['pred_instances'].items()
        sample['pred_instances'] = {key: value[:0] for key, value in found}
    assert evaluate(metric, data, samples)['instance/AP'] == 0


def test_faults_say_what_to_do(shapes, tmp_path):
    (sample, *_) = samples = true_samples(shapes)
    wrong = tmp_path / 'wrong.json'
    wrong.write_text('{"images": [], "categories": [], "annotations": []}')
    with pytest.raises(ValueError, match='wrong.json lacks the category ids'):
        evaluate(InstanceAPMetric(ann_file=str(wrong)), shapes, samples)
    named = [dict(id=i, name=f'x{i}') for i in shapes.cat_ids]
    content = dict(images=[], categories=named, annotations=[])
    wrong.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="calls the category .* 'x.*'disc'"):
        evaluate(InstanceAPMetric(ann_file=str(wrong)), shapes, samples)
    masks = sample['pred_instances']['masks']
    sample['pred_instances']['masks'] = masks[:, 1:]
    with pytest.raises(ValueError, match=r'1.png.*original size'):
        evaluate(InstanceAPMetric(), shapes, samples)
    del sample['pred_instances']
    with pytest.raises(KeyError, match='test_cfg.instance_on=True'):
        evaluate(InstanceAPMetric(), shapes, samples)
