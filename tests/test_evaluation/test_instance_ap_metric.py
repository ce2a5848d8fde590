"""Instance AP equals pycocotools on its own files."""

import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as mask_utils
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmremax.datasets import AnnotationError, PanopticDataset
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
        image = dict(id=sample['img_id'], height=height, width=width)
        images.append(dict(image, file_name=sample['file_name']))
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
    names = data.metainfo['thing_classes']
    categories = [
        dict(id=i, name=name)
        for i, name in zip(category_ids, names, strict=True)
    ]
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


def test_faults_say_what_to_do(shapes):
    (sample, *_) = samples = true_samples(shapes)
    masks = sample['pred_instances']['masks']
    sample['pred_instances']['masks'] = masks[:, 1:]
    with pytest.raises(ValueError, match=r'1.png.*original size'):
        evaluate(InstanceAPMetric(), shapes, samples)
    del sample['pred_instances']
    with pytest.raises(KeyError, match='test_cfg.instance_on=True'):
        evaluate(InstanceAPMetric(), shapes, samples)


EDITS = {
    'no json': (None, 'not valid json'),
    'of a panoptic file': (
        lambda c: c['annotations'][0].pop('segmentation'),
        'segmentation is missing',
    ),
    'an area that is none': (
        lambda c: c['annotations'][0].update(area='3'),
        'area is "3"',
    ),
    'no code': (
        lambda c: c['annotations'][0]['segmentation'].update(counts='é'),
        'Annotation 1: "segmentation" is neither',
    ),
    'another name': (
        lambda c: c['categories'][0].update(name='x'),
        'it lacks .* disc, it also has .* x',
    ),
    'one class less': (
        lambda c: c.update(
            annotations=[a for a in c['annotations'] if a['category_id'] > 1],
            categories=c['categories'][1:],
        ),
        'it lacks .* disc, it also has none',
    ),
    'an image less': (
        lambda c: c.update(images=c['images'][1:], annotations=[]),
        'file_name of image .* is None, in the data set .*',
    ),
    'another size': (
        lambda c: c.update(
            images=[dict(i, height=9) for i in c['images']], annotations=[]
        ),
        'height of image .* is 9, in the data set',
    ),
}


@pytest.mark.parametrize('edit', EDITS)
def test_the_file_is_compared_with_the_data(shapes, edit, tmp_path):
    path, _ = write_instances(shapes, random_samples(shapes), tmp_path)
    InstanceAPMetric(ann_file=str(path)).check_data(shapes)
    change, text = EDITS[edit]
    content = json.loads(path.read_text())
    if change is not None:
        change(content)
    path.write_text(json.dumps(content) if change else '')
    metric = InstanceAPMetric(ann_file=str(path))
    with pytest.raises(AnnotationError, match=text) as error:
        metric.check_data(shapes)
    assert str(error.value).startswith(str(path))
