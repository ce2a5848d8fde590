"""The check as a command: exit status, list of faults, statistics."""

import json
import shutil
from collections.abc import Callable

import pytest

from mmremax.datasets.conversion.cityscapes import convert_cityscapes
from tests.helpers import tiny
from tests.helpers.original_layouts import write_cityscapes
from tests.helpers.scripts import run_script

TOOL = 'tools/dataset_converters/check_panoptic.py'


@pytest.fixture
def run(monkeypatch, capsys) -> Callable[..., tuple[int, str]]:
    monkeypatch.setenv('COLUMNS', '200')

    def call(*args: object) -> tuple[int, str]:
        with pytest.raises(SystemExit) as error:
            run_script(monkeypatch, TOOL, *args)
        return error.value.code, capsys.readouterr().out

    return call


def test_shapes_are_right(run, shapes_root):
    status, printed = run(shapes_root)
    assert status == 0, printed
    for split in ('train', 'val'):
        assert f'panoptic_{split}.json: no fault' in printed
    assert '8 images' in printed
    assert '14 clouds' in printed


def test_faults_are_listed(run, tmp_path):
    write_cityscapes(tmp_path, ('val',))
    list(convert_cityscapes(tmp_path, 'val', tmp_path))
    path = tmp_path / 'panoptic_val.json'
    content = json.loads(path.read_text())
    content['annotations'][0]['segments_info'][0]['area'] += 1
    path.write_text(json.dumps(content))
    path.rename(tmp_path / 'other.json')
    arguments = (tmp_path, '--ann-file', 'other.json', '--seg-dir')
    status, printed = run(*arguments, 'panoptic_val')
    assert status == 1
    name = 'aachen_000000_000019_gtFine_panoptic.png, segment 7: area'
    assert name in printed
    assert 'other.json: faults: 1' in printed
    status, printed = run(*arguments, 'panoptic_val', '--img-dir', 'gtFine')
    assert status == 1
    assert 'aachen_000000_000019_leftImg8bit.png: ' in printed
    assert 'refused in training: 2' in printed
    shutil.rmtree(tmp_path / 'leftImg8bit')
    status, printed = run(*arguments, 'panoptic_val')
    assert 'give --img-dir' in printed
    status, printed = run(*arguments, 'panoptic_val', '--no-images')
    assert 'other.json: faults: 1' in printed


def test_nothing_to_check(run, tmp_path):
    status, printed = run(tmp_path)
    assert status == 2
    assert 'no panoptic_*.json' in printed
    (tmp_path / 'panoptic_a.json').write_text('[]')
    status, printed = run(tmp_path)
    assert status == 1
    assert 'panoptic_a.json: the content is []: it should be' in printed
    assert 'cannot be used' in printed


def test_files_of_a_folder_have_the_same_classes(run, tmp_path):
    write_cityscapes(tmp_path, ('train', 'val'))
    for split in ('train', 'val'):
        list(convert_cityscapes(tmp_path, split, tmp_path))
    assert run(tmp_path)[0] == 0
    path = tmp_path / 'panoptic_val.json'
    tiny.rewrite(path, lambda c: c['categories'].reverse())
    status, printed = run(tmp_path)
    assert status == 1
    assert 'the same in another order' in printed
    change = dict(name='lorry')
    tiny.rewrite(path, lambda c: c['categories'].reverse())
    tiny.rewrite(path, lambda c: c['categories'][-5].update(change))
    status, printed = run(tmp_path)
    assert status == 1
    assert "it lacks 'truck' and also has 'lorry'" in printed
    names = ['panoptic_train.json'], ['panoptic_val.json']
    for name in names:
        assert run(tmp_path, '--ann-file', *name)[0] == 0


def test_images_are_decoded_where_that_is_asked(run, shapes_root, tmp_path):
    root = tmp_path / 'copy'
    shutil.copytree(shapes_root, root)
    picture = min((root / 'val').iterdir())
    raw = picture.read_bytes()
    picture.write_bytes(raw[: len(raw) // 2])
    status, printed = run(root, '--images')
    assert status == 1
    assert f'{picture.name} is no readable image' in printed
