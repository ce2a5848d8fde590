"""The synthetic benchmark: valid, reproducible, crowded as it says."""

import hashlib
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmremax.datasets.annotation_parsing import parse_annotations
from mmremax.datasets.panoptic_check import check_images
from mmremax.datasets.shapes.canvas import MIN_VISIBLE_AREA, touching_ids
from mmremax.datasets.shapes.generator import (
    SPLITS,
    VERSIONS,
    ShapesDefinition,
    draw_sample,
    make_shapes,
)

V1, VIVID = VERSIONS['v1'], VERSIONS['vivid1']
# Of annotations and decoded pixels of six images of each split.
SHA256 = dict(
    v1='df1205bb603eea050decec4dfb7f1cb93b2ea718a95f67a38f2a7e6ae25cdd62',
    vivid1=(
        '5d652379056d06a6bbefe605f93aba73c3186b6999bd9ca831bd9034c3545c3b'
    ),
)

every_version = pytest.mark.parametrize('version', VERSIONS)


def write(root: Path, definition: ShapesDefinition, workers: int = 1) -> Path:
    splits = [split for split, _ in make_shapes(root, definition, workers)]
    counts = dict(train=definition.num_train, val=definition.num_val)
    assert splits == [split for split in SPLITS for _ in range(counts[split])]
    return root


def checksum(root: Path) -> str:
    """Hash the annotations and the decoded pixels of a data set."""
    total = hashlib.sha256()
    for split in ('train', 'val'):
        folder = root / 'annotations' / f'panoptic_{split}'
        content = json.loads(folder.with_suffix('.json').read_text())
        del content['info']
        total.update(json.dumps(content, sort_keys=True).encode())
        for entry in content['images']:
            for path in (root / split, folder):
                pixels = np.asarray(Image.open(path / entry['file_name']))
                assert pixels.shape == (entry['height'], entry['width'], 3)
                total.update(pixels.tobytes())
    return total.hexdigest()


def measured(definition: ShapesDefinition = V1, **knobs) -> Counter:
    definition = replace(definition, **knobs)
    samples = (draw_sample(definition, 'val', i)[-1] for i in range(60))
    return sum(samples, Counter())


@every_version
def test_a_version_is_what_it_was(version, tmp_path):
    """A change here is another version: old results do not compare."""
    definition = VERSIONS[version]
    root = write(tmp_path, replace(definition, num_train=6, num_val=6))
    assert checksum(root) == SHA256[version]
    path = root / 'annotations/panoptic_val.json'
    info = json.loads(path.read_text())['info']
    assert info['version'] == version
    assert info['definition']['size'] == [129, 129]
    assert (definition.num_train, definition.num_val) == (8000, 1000)


@every_version
def test_workers_and_counts_do_not_change_the_pixels(tmp_path, version):
    definition = VERSIONS[version]
    first, second = (draw_sample(definition, s, 0)[0] for s in SPLITS)
    assert (first != second).any()
    assert replace(definition, num_train=3, num_val=2).version == version
    assert replace(definition, seed=1).version is None
    knobs = dict(size=(64, 70), seed=3)
    definition = replace(definition, num_train=20, num_val=3, **knobs)
    alone = write(tmp_path / 'alone', definition)
    crew = write(tmp_path / 'crew', definition, workers=3)
    assert checksum(alone) == checksum(crew)
    few = write(tmp_path / 'few', replace(definition, num_train=2, num_val=1))
    for path in few.rglob('*.png'):
        twin = alone / path.relative_to(few)
        assert path.read_bytes() == twin.read_bytes()
    other = replace(definition, num_train=2, num_val=1, seed=4)
    assert checksum(write(tmp_path / 'other', other)) != checksum(few)


@every_version
@pytest.mark.parametrize(
    'size', [(129, 129), (32, 32), (33, 150), (201, 47), (300, 257)]
)
def test_any_size_is_a_valid_data_set(tmp_path, version, size):
    knobs = dict(size=size, seed=5, num_train=4, num_val=2)
    write(tmp_path, replace(VERSIONS[version], **knobs))
    for split, count in (('train', 4), ('val', 2)):
        path = tmp_path / 'annotations' / f'panoptic_{split}.json'
        content, faults = parse_annotations(path.read_bytes())
        assert not faults
        folders = (tmp_path / split, path.with_suffix(''))
        reports = list(check_images(content, *folders))
        assert len(reports) == count
        for report in reports:
            assert not report.faults
            assert report.size == size
            assert min(area for _, _, area in report.areas) >= MIN_VISIBLE_AREA


def test_occlusion_hides_pixels_by_the_same_class():
    levels = [measured(occlusion=k) for k in (0.0, 0.3, 0.6, 0.9)]
    assert replace(V1, occlusion=0.3).version is None
    hidden = [s['hidden_pixels'] / s['drawn_pixels'] for s in levels]
    touching = [s['touching_pixels'] / s['thing_pixels'] for s in levels]
    assert hidden == sorted(hidden)
    assert touching == sorted(touching)
    assert hidden[0] < 0.05
    assert touching[0] < 0.25
    assert touching[-1] > 0.75


@pytest.mark.parametrize(
    ('definition', 'touching', 'hidden', 'things'),
    [
        (V1, (0.4, 0.6), (0.07, 0.2), (3.2, 4.8)),
        (VIVID, (0.1, 0.5), (0.005, 0.1), (2.5, 4.5)),
    ],
    ids=VERSIONS,
)
def test_how_crowded_a_version_is(definition, touching, hidden, things):
    """Of its like an object touches some and hides some; void and crowds."""
    total = measured(definition=definition)
    for (low, high), value in (
        (touching, total['touching_pixels'] / total['thing_pixels']),
        (hidden, total['hidden_pixels'] / total['drawn_pixels']),
        (things, total['things'] / total['images']),
        ((0, 0.02), total['void_pixels'] / total['pixels']),
        ((1, 16), total['crowds']),
    ):
        assert low < value < high


def test_clutter_and_radius_say_how_much_is_drawn():
    assert measured(clutter=0)['drawn_pixels'] == 0
    few, many = (measured(clutter=mean, occlusion=0) for mean in (2, 8))
    assert 1.5 < few['things'] / few['images'] < 2.5
    assert 5 < many['things'] / many['images'] < 8.5
    small, large = (measured(radius=(r, r)) for r in (0.1, 0.2))
    assert small['thing_pixels'] < 0.5 * large['thing_pixels']


def test_thin_strokes_cover_less_and_are_thin():
    thick, thin = (measured(thin=fraction) for fraction in (0.0, 1.0))
    area = thick['drawn_pixels'] / thick['things']
    assert thin['drawn_pixels'] / thin['things'] < 0.9 * area
    definition = replace(V1, thin=1.0, occlusion=0.0, clutter=2)
    thin = total = 0
    for index in range(40):
        _, id_map, segments, _ = draw_sample(definition, 'train', index)
        for segment in segments:
            if segment['category_id'] == 6 and not segment['iscrowd']:  # ring
                mask = np.pad(id_map == segment['id'], 5)
                core = mask.copy()  # five pixels on each side
                for axis in (0, 1):
                    for step in range(-5, 6):
                        core &= np.roll(mask, step, axis)
                thin += not core.any()
                total += 1
    assert thin == total > 5


def test_touching_is_of_one_class_and_at_an_edge():
    id_map = np.array([[1, 1, 2], [0, 3, 2], [4, 0, 5]])
    classes = {1: 7, 2: 7, 3: 8, 4: 8, 5: 9}
    objects = {i: dict(category_id=k) for i, k in classes.items()}
    assert touching_ids(id_map, objects) == {1, 2}  # 3 and 4: corners only
    del objects[2]
    assert touching_ids(id_map, objects) == set()


@pytest.mark.parametrize(
    ('knobs', 'text'),
    [
        (dict(size=(31, 200)), 'size: .*at least 32 pixels'),
        (dict(occlusion=1.2), 'occlusion: 1.2 must be a fraction'),
        (dict(thin=-0.1), 'thin: -0.1 must be a fraction'),
        (dict(salience=2), 'salience: 2 must be a fraction'),
        (dict(clutter=-1), 'clutter: -1 is not from 0 to 1000'),
        (dict(seed=-1), 'seed: -1 must not be negative'),
        (dict(num_val=-1), 'num_val: -1 must not be negative'),
        (dict(radius=(0.3, 0.2)), 'radius: .*the smaller one first'),
    ],
)
def test_wrong_knobs_are_named(knobs, text):
    with pytest.raises(ValueError, match=text):
        replace(V1, **knobs)
