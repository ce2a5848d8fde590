"""Vivid shapes are valid COCO panoptic data and reproducible."""

import json
from pathlib import Path

import numpy as np

from mmremax.datasets.panoptic_check import check_images, check_lists
from mmremax.datasets.vivid_shapes import draw_sample, make_vivid_shapes


def test_annotation_describes_the_pngs(tmp_path: Path) -> None:
    list(make_vivid_shapes(tmp_path, 3, 2, (96, 128)))
    for split, count in (('train', 3), ('val', 2)):
        path = tmp_path / 'annotations' / f'panoptic_{split}.json'
        content = json.loads(path.read_text())
        assert not check_lists(path, content)
        reports = list(
            check_images(content, tmp_path / split, path.with_suffix(''))
        )
        assert len(reports) == count
        for report in reports:
            assert not report.faults
            assert report.size == (96, 128)


def test_same_seed_same_pixels_whatever_the_count(tmp_path: Path) -> None:
    few = list(make_vivid_shapes(tmp_path / 'a', 1, 1, (64, 80), seed=3))
    list(make_vivid_shapes(tmp_path / 'b', 3, 1, (64, 80), seed=3))
    other = list(make_vivid_shapes(tmp_path / 'c', 1, 1, (64, 80), seed=4))
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
