"""The converters of the data sets as commands."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from tests.helpers import tiny
from tests.helpers.original_layouts import (
    write_ade20k,
    write_cityscapes,
    write_coco_instances,
)


@pytest.fixture
def run(run_tool):
    return lambda name, *options: run_tool(
        f'dataset_converters/{name}', *options
    )


@pytest.mark.parametrize(
    ('tool', 'write'),
    [('cityscapes.py', write_cityscapes), ('ade20k.py', write_ade20k)],
)
def test_both_splits_are_converted_without_fault(
    run, tool, write, tmp_path, capsys
):
    with pytest.raises(SystemExit, match='zip'):
        run(tool, tmp_path)
    write(tmp_path)
    run(tool, tmp_path, '--workers', 1)
    printed = capsys.readouterr().out
    for split in ('train', 'val'):
        assert f'{tmp_path}/panoptic_{split}.json: 2 images' in printed
        assert len(list((tmp_path / f'panoptic_{split}').iterdir())) == 2
    with pytest.raises(SystemExit, match='0'):
        run('check_panoptic.py', tmp_path)
    assert capsys.readouterr().out.count('no fault') == 2
    run(tool, tmp_path, '--out', tmp_path / 'other', '--splits', 'val')
    names = {path.name for path in (tmp_path / 'other').iterdir()}
    assert names == {'panoptic_val', 'panoptic_val.json'}


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


@pytest.mark.parametrize('merge', [False, True])
def test_semantic_maps(run, shapes_root, tmp_path, capsys, merge):
    """Every pixel holds the place of its class; void and crowds are 255.

    Six things become class 0; stuff follows from 1.
    """
    ann_file = shapes_root / 'annotations/panoptic_val.json'
    option = ['--merge-things'] * merge
    run('panoptic_to_semantic.py', ann_file, '--out', tmp_path, *option)
    printed = capsys.readouterr().out
    assert ('classes: thing, bricks' in printed) == merge
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
                place = max(place - 5, 0) if merge else place
                expected[ids == segment['id']] = place
        found = np.array(Image.open(tmp_path / entry['file_name']))
        assert (found == expected).all()


def test_coarser_classes(run, tmp_path, capsys):
    path = tiny.write_tiny(tmp_path, [tiny.id_map()], [tiny.SEGMENTS])
    mapping = tmp_path / 'map.json'
    mapping.write_text('{"cat": "a", "dog": "a", "sky": "b", "sea": "b"}')
    arguments = path, tmp_path / 'coarse.json', '--png-dir', tmp_path / 'seg'
    run('merge_categories.py', *arguments, '--mapping', mapping)
    assert 'classes: a, b\n' in capsys.readouterr().out
    with pytest.raises(SystemExit, match=r'json: The class .* coarse name'):
        run('merge_categories.py', *arguments)
    for text, fault in (('["a"]', 'no object like'), ('{', 'not valid json')):
        mapping.write_text(text)
        with pytest.raises(SystemExit, match=f'map.json .*{fault}'):
            run('merge_categories.py', *arguments, '--mapping', mapping)


def test_maps_of_images_in_folders_keep_them(run, tmp_path, capsys):
    """Images of one name in two folders are two maps; two of one are none."""
    path = tiny.write_tiny(tmp_path, [tiny.id_map()] * 2, [tiny.SEGMENTS] * 2)

    def rename(*names: str) -> Callable[[dict], None]:
        def change(content: dict) -> None:
            for image, name in zip(content['images'], names, strict=True):
                image['file_name'] = name

        return change

    options = ('--png-dir', tmp_path / 'seg', '--out', tmp_path / 'maps')
    tool = 'panoptic_to_semantic.py'
    tiny.rewrite(path, rename('cam0/a.jpg', 'cam1/a.jpg'))
    run(tool, path, *options)
    maps = tmp_path / 'maps'
    found = {str(p.relative_to(maps)) for p in maps.rglob('*.png')}
    assert found == {'cam0/a.png', 'cam1/a.png'}
    tiny.rewrite(path, rename('a.jpg', 'a.png'))
    with pytest.raises(SystemExit, match='would share the PNG a.png'):
        run(tool, path, *options)
