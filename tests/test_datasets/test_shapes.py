"""The synthetic data set is valid COCO panoptic data and reproducible."""

import json
from pathlib import Path

import cv2
import numpy as np

from mmremax.datasets.shape_painter import MIN_VISIBLE_AREA
from mmremax.datasets.shapes import CATEGORIES, draw_sample, make_shapes


def _read_ids(path: Path) -> np.ndarray:
    b, g, r = cv2.split(cv2.imread(str(path)).astype(np.int64))
    return r + 256 * g + 65536 * b


def test_categories_are_things_then_stuff() -> None:
    is_thing = [c['isthing'] for c in CATEGORIES]
    assert is_thing == [1] * 6 + [0] * 4
    assert len({c['id'] for c in CATEGORIES}) == 10
    assert len({tuple(c['color']) for c in CATEGORIES}) == 10


def test_annotation_describes_the_pngs(shapes_root: Path) -> None:
    for split, count in (('train', 8), ('val', 4)):
        folder = shapes_root / 'annotations'
        table = json.loads((folder / f'panoptic_{split}.json').read_text())
        assert len(table['images']) == len(table['annotations']) == count
        for image, entry in zip(
            table['images'], table['annotations'], strict=True
        ):
            assert image['id'] == entry['image_id']
            ids = _read_ids(folder / f'panoptic_{split}' / entry['file_name'])
            path = shapes_root / split / image['file_name']
            assert cv2.imread(str(path)).shape[:2] == ids.shape == (96, 128)
            infos = {s['id']: s for s in entry['segments_info']}
            assert set(np.unique(ids)) - {0} == set(infos)
            for segment_id, info in infos.items():
                mask = ids == segment_id
                left, top, width, height = info['bbox']
                assert mask.sum() == info['area'] >= MIN_VISIBLE_AREA
                box = mask[top : top + height, left : left + width]
                assert box.sum() == mask.sum()
                assert box[0].any()
                assert box[-1].any()
                assert box[:, 0].any()
                assert box[:, -1].any()


def test_same_seed_same_pixels_whatever_the_count(tmp_path: Path) -> None:
    few = list(make_shapes(tmp_path / 'a', 1, 1, (64, 80), seed=3))
    list(make_shapes(tmp_path / 'b', 3, 1, (64, 80), seed=3))
    other = list(make_shapes(tmp_path / 'c', 1, 1, (64, 80), seed=4))
    for path in few:
        twin = tmp_path / 'b' / path.relative_to(tmp_path / 'a')
        assert path.read_bytes() == twin.read_bytes()
    assert few[0].read_bytes() != few[1].read_bytes()  # train and val
    assert few[0].read_bytes() != other[0].read_bytes()


def test_samples_hold_overlap_void_and_crowd() -> None:
    twins = void = crowds = 0
    labels = set()
    for index in range(60):
        rng = np.random.default_rng(index)
        image, id_map, segments = draw_sample(rng, (128, 160))
        assert image.dtype == np.uint8
        assert id_map.dtype == np.int32
        things = [
            s['category_id']
            for s in segments
            if s['category_id'] < 10 and not s['iscrowd']
        ]
        labels |= {s['category_id'] for s in segments}
        twins += len(set(things)) < len(things)
        void += bool((id_map == 0).any())
        crowds += any(s['iscrowd'] for s in segments)
    assert len(labels) == 10
    assert twins > 15
    assert void > 15
    assert 2 <= crowds <= 15
