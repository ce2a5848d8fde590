"""From COCO's instance files to PQ; who gets contested pixels."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmremax.datasets import AnnotationError, PanopticDataset
from mmremax.datasets.conversion.instances import (
    OVERLAPS,
    StuffMaps,
    convert_instances,
    decode_mask,
    merge_categories,
    read_instances,
)
from mmremax.datasets.panoptic_png import read_ids
from mmremax.evaluation import PanopticQualityMetric
from tests.helpers.original_layouts import write_coco_instances
from tests.helpers.predictions import evaluate, predictions
from tests.helpers.tiny import rewrite

SHAPE = (10, 20)


def stuff_of(root: Path, ignored: tuple[int, ...] = (0, 183)) -> StuffMaps:
    annotations = root / 'annotations'
    content = json.loads((annotations / 'stuff_val2017.json').read_text())
    folder = annotations / 'stuff_val2017_pixelmaps'
    return StuffMaps(folder, content['categories'], ignored=ignored)


def test_from_the_download_to_pq(tmp_path):
    path, _ = write_coco_instances(tmp_path)
    out = tmp_path / 'new/panoptic_val2017.json'
    stuff = stuff_of(tmp_path)
    entries = list(convert_instances(read_instances(path), out, stuff))
    first, second = (
        sorted((s['category_id'], s['iscrowd']) for s in e['segments_info'])
        for e in entries
    )
    assert first == [(1, 0), (1, 0), (1, 1), (124, 0), (157, 0)]
    assert second == [(18, 0), (18, 0), (124, 0), (157, 0)]
    prefix = dict(img='val2017/', seg='new/panoptic_val2017/')
    data = PanopticDataset(str(out), str(tmp_path), prefix, test_mode=True)
    assert data.metainfo['thing_classes'] == ('person', 'dog')
    assert data.metainfo['stuff_classes'] == ('grass', 'sky-other')
    scores = evaluate(PanopticQualityMetric(), data, predictions(data))
    assert set(scores.values()) == {100.0}
    ids = read_ids(str(out.with_suffix('') / '000000000285.png'), '')
    assert (ids[-3:] == 0).all()
    assert ids[0, 0] != ids[40, 0] != ids[31, 31] != ids[30, 30] != 0
    entries = list(convert_instances(read_instances(path), out, None, 'large'))
    assert len(entries[1]['segments_info']) == 1  # the other one is hidden


def overlapping(names: str = 'AB', crowd: str = '') -> dict:
    """Two instances, A of 5 x 8 and B of 3 x 12 pixels, 3 x 4 in common."""
    boxes = dict(A=(0, 2, 8, 7), B=(4, 3, 16, 6))
    annotations = []
    for name in names:
        left, top, right, bottom = boxes[name]
        polygon = [left, top, right, top, right, bottom, left, bottom]
        annotation = dict(id=ord(name), image_id=1, category_id=ord(name))
        annotation['iscrowd'] = int(name == crowd)
        annotations.append(dict(annotation, segmentation=[polygon]))
    return dict(
        images=[dict(id=1, file_name='1.jpg', height=10, width=20)],
        annotations=annotations,
        categories=[dict(id=65, name='A'), dict(id=66, name='B')],
    )


@pytest.mark.parametrize(
    ('overlap', 'names', 'top'),
    [
        *(('small', names, 'B') for names in ('AB', 'BA')),
        *(('large', names, 'A') for names in ('AB', 'BA')),
        *(('first', names, names[0]) for names in ('AB', 'BA')),
        *(('last', names, names[1]) for names in ('AB', 'BA')),
        ('void', 'AB', ''),
    ],
)
def test_overlap_policies(tmp_path, overlap, names, top):
    content = overlapping(names)
    (entry,) = convert_instances(content, tmp_path / 'o.json', None, overlap)
    areas = {chr(s['category_id']): s['area'] for s in entry['segments_info']}
    whole = dict(A=40, B=36)
    expected = {n: a if n == top else a - 12 for n, a in whole.items()}
    assert areas == expected
    assert overlap in OVERLAPS


def test_overlaps_may_be_errors(tmp_path):
    path, content = tmp_path / 'o.json', overlapping()
    with pytest.raises(AnnotationError, match='1.jpg: .* in 12 pixels'):
        list(convert_instances(content, path, None, 'error'))


@pytest.mark.parametrize(
    'overlap', ['small', 'large', 'first', 'last', 'error']
)
def test_crowds_lie_below(tmp_path, overlap):
    content = overlapping(crowd='B')
    (entry,) = convert_instances(content, tmp_path / 'o.json', None, overlap)
    areas = {s['iscrowd']: s['area'] for s in entry['segments_info']}
    assert areas == {0: 40, 1: 24}


def test_what_does_not_fit_is_named(tmp_path):
    path, stuff_path = write_coco_instances(tmp_path)
    content, out = read_instances(path), tmp_path / 'o.json'
    with pytest.raises(AnnotationError, match='value 0, category 0'):
        list(convert_instances(content, out, stuff_of(tmp_path, (183,))))
    rewrite(stuff_path, lambda c: c['categories'][0].update(name='dog'))
    with pytest.raises(AnnotationError, match="124 .* 'dog'.*'dog-stuff'"):
        merge_categories(content['categories'], stuff_of(tmp_path))
    bad = dict(id=7, segmentation=[[1.0, 2.0]])
    with pytest.raises(AnnotationError, match='Annotation 7.*polygons of 3'):
        decode_mask(bad, SHAPE)
    bad = dict(id=8, segmentation=dict(size=[3, 3], counts=[4, 5]))
    with pytest.raises(AnnotationError, match=r'Annotation 8.*\(3, 3\)'):
        decode_mask(bad, SHAPE)
    for code in (
        dict(size=[*SHAPE], counts=[4, 5]),
        dict(size=[*SHAPE], counts='é'),  # no code
        [[0.0, 0.0, 9e9, 0.0, 9.0, 9.0]],
    ):
        with pytest.raises(AnnotationError, match='Annotation 9.*neither'):
            decode_mask(dict(id=9, segmentation=code), SHAPE)
    png = tmp_path / 'annotations/stuff_val2017_pixelmaps/000000000285.png'
    rewrite(stuff_path, lambda c: c['categories'][0].update(name='grass'))
    Image.new('L', (3, 3)).save(png)
    with pytest.raises(AnnotationError, match=r'285.png has the size \(3, 3'):
        list(convert_instances(content, out, stuff_of(tmp_path)))
    Image.fromarray(np.zeros((48, 64, 3), np.uint8)).save(png)
    with pytest.raises(ValueError, match='one channel'):
        list(convert_instances(content, out, stuff_of(tmp_path)))
    png.unlink()
    with pytest.raises(FileNotFoundError, match='named as the image'):
        list(convert_instances(content, out, stuff_of(tmp_path)))


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda c: c.pop('images'), 'images is missing'),
        (lambda c: c['annotations'][0].pop('segmentation'), 'segmentation'),
        (lambda c: c['annotations'][0].update(image_id=5), 'image 5, which'),
        (
            lambda c: c['annotations'][0].update(category_id=5),
            r'annotation \d+ has category 5, which "categories" lacks',
        ),
        (lambda c: c['images'][0].pop('height'), 'height is missing'),
        (
            lambda c: c['images'][0].update(file_name='../a.jpg'),
            'file_name is "../a.jpg": it should be relative',
        ),
        (
            lambda c: c['images'][0].update(file_name='000000000285.tif'),
            'share the PNG 000000000285.png',
        ),
    ],
)
def test_a_broken_file_is_refused(tmp_path, change, message):
    path, _ = write_coco_instances(tmp_path)
    rewrite(path, change)
    with pytest.raises(AnnotationError, match=message):
        read_instances(path)
