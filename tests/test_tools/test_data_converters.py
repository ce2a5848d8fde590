"""The converters of the data sets as commands."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from tests.helpers.original_layouts import (
    write_ade20k,
    write_cityscapes,
    write_coco_instances,
)


@pytest.fixture
def run(run_tool) -> Callable[..., None]:
    return lambda name, *options: run_tool(
        f'dataset_converters/{name}', *options
    )


@pytest.mark.parametrize(
    ('tool', 'write'),
    [('cityscapes.py', write_cityscapes), ('ade20k.py', write_ade20k)],
)
def test_the_tool_converts_both_splits(run, tool, write, tmp_path, capsys):
    with pytest.raises(SystemExit, match='zip'):
        run(tool, tmp_path)
    write(tmp_path)
    run(tool, tmp_path, '--workers', 1)
    printed = capsys.readouterr().out
    for split in ('train', 'val'):
        assert f'{tmp_path}/panoptic_{split}.json: 2 images' in printed
        assert len(list((tmp_path / f'panoptic_{split}').iterdir())) == 2
    run(tool, tmp_path, '--out', tmp_path / 'other', '--splits', 'val')
    assert sorted(p.name for p in (tmp_path / 'other').iterdir()) == [
        'panoptic_val',
        'panoptic_val.json',
    ]


def test_instances_become_panoptic(run, tmp_path, capsys):
    instances, stuff = write_coco_instances(tmp_path)
    out = tmp_path / 'panoptic_val2017.json'
    tool = 'instances_to_panoptic.py'
    run(tool, instances, out)
    printed = capsys.readouterr().out
    assert '2 images, 5 instances (0 hidden by others), 0 stuff' in printed
    maps = instances.parent / 'stuff_val2017_pixelmaps'
    arguments = (tool, instances, out, '--stuff-maps', maps)
    with pytest.raises(SystemExit, match='2'):
        run(*arguments)
    assert 'go together' in capsys.readouterr().err
    arguments += ('--stuff-categories', stuff, '--ignore', 0, 183)
    run(*arguments, '--overlap', 'large')
    printed = capsys.readouterr().out
    assert '2 images, 4 instances (1 hidden by others), 4 stuff' in printed
    with pytest.raises(SystemExit, match='instances overlap in'):
        run(*arguments, '--overlap', 'error')


def test_panoptic_maps_become_semantic_ones(run, shapes_root, tmp_path):
    """Every pixel holds the place of its class; void and crowds are 255."""
    ann_file = shapes_root / 'annotations/panoptic_val.json'
    run('panoptic_to_semantic.py', ann_file, '--out', tmp_path)
    content = json.loads(ann_file.read_text())
    places = {c['id']: i for i, c in enumerate(content['categories'])}
    for entry in content['annotations']:
        png = shapes_root / 'annotations/panoptic_val' / entry['file_name']
        colours = np.array(Image.open(png)).astype(int)
        ids = colours @ [1, 256, 65536]
        expected = np.full(ids.shape, 255)
        for segment in entry['segments_info']:
            if not segment['iscrowd']:
                place = places[segment['category_id']]
                expected[ids == segment['id']] = place
        found = np.array(Image.open(tmp_path / entry['file_name']))
        assert (found == expected).all()


def test_things_become_one_class(run, shapes_root, tmp_path, capsys):
    """Stuff follows from 1; void stays 255."""
    ann_file = shapes_root / 'annotations/panoptic_val.json'
    run('panoptic_to_semantic.py', ann_file, '--out', tmp_path / 'all')
    run(
        'panoptic_to_semantic.py',
        ann_file,
        *('--out', tmp_path / 'one', '--merge-things'),
    )
    assert 'classes: thing, bricks' in capsys.readouterr().out
    merged = {place: max(place - 5, 0) for place in range(10)} | {255: 255}
    for path in (tmp_path / 'all').iterdir():
        before = np.array(Image.open(path))
        after = np.array(Image.open(tmp_path / 'one' / path.name))
        assert (np.vectorize(merged.get)(before) == after).all()
