import json
import shutil

import numpy as np
import pytest
from PIL import Image

from mmremax.datasets.panoptic_png import read_ids
from mmremax_runtime.cli import COMMANDS, main
from mmremax_runtime.commands import doctor, predict
from mmremax_runtime.commands.predict import output_names
from tests.helpers.bad_images import claim
from tests.helpers.halves import Halves
from tests.helpers.scripts import ROOT

MODEL = str(ROOT / 'demo' / 'nuclei' / 'model.safetensors')
IMAGES = sorted((ROOT / 'demo' / 'nuclei' / 'sample' / 'images').iterdir())


@pytest.fixture
def folder(tmp_path):
    """Two small pictures and a text that says it is one."""
    folder = tmp_path / 'images'
    folder.mkdir()
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(folder / 'black.png')
    shutil.copy(IMAGES[4], folder)
    (folder / 'note.jpg').write_text('hello')
    return folder


def test_one_bad_file_of_many(folder, tmp_path, capsys):
    out = tmp_path / 'out'
    status = main(
        ['predict', str(folder), MODEL, '--out', str(out), '--ids']
        + ['--device', 'cpu']
    )
    assert status == 1
    printed, errors = capsys.readouterr()
    stem = IMAGES[4].stem
    assert sorted(path.name for path in out.iterdir()) == sorted(
        f'{name}_{kind}'
        for name in ('black', stem)
        for kind in ('ids.json', 'ids.png', 'panoptic.png')
    )
    assert printed.count('picture ') == 2
    assert 'note.jpg is no readable image' in errors
    assert errors.endswith('1 of 3 failed.\n')
    table = json.loads((out / f'{stem}_ids.json').read_text())
    ids = read_ids(out / f'{stem}_ids.png', '')
    assert len(table['segments_info']) > 3
    for segment in table['segments_info']:
        assert (ids == segment['id']).sum() == segment['area']


def test_no_picture_takes_the_place_of_another(folder, capsys):
    """Of two images, or of an image and what it becomes."""
    names = ['a.png', 'a.jpg', 'a.png.png', 'b.png']
    found = output_names([folder / name for name in names])
    assert len(set(found.values())) == len(names)
    paths = [folder / 'a.png', folder / 'b.png']
    assert output_names(paths) == {paths[0]: 'a', paths[1]: 'b'}
    (folder / 'black.png').rename(folder / 'note_panoptic.png')
    assert main(['predict', str(folder), MODEL, '--out', str(folder)]) == 1
    assert 'note_panoptic.png is what this com' in capsys.readouterr().err
    assert len([*folder.iterdir()]) == 3


def test_json_alone(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (folder / 'note.jpg').unlink()
    assert main(['predict', str(folder), MODEL, '--json']) == 0
    results = json.loads(capsys.readouterr().out)
    assert [r['source'].rpartition('/')[2] for r in results] == [
        'black.png',
        IMAGES[4].name,
    ]
    assert (results[0]['height'], results[0]['width']) == (40, 60)
    assert [path.name for path in tmp_path.iterdir()] == ['images']


@pytest.mark.parametrize('name', COMMANDS)
def test_help_of_each_command(name, capsys):
    with pytest.raises(SystemExit) as left:
        main([name, '--help'])
    assert left.value.code == 0
    assert f'usage: mmremax {name}' in capsys.readouterr().out


def test_overview_and_unknown_commands(capsys):
    assert main([]) == 0
    assert 'predict' in capsys.readouterr().out
    assert main(['prdict']) == 2
    assert "no command 'prdict'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ('arguments', 'says'),
    [
        (['missing.jpg', MODEL], 'No such file'),
        ([str(IMAGES[0]), 'missing'], 'missing is no model'),
        ([str(IMAGES[0]), MODEL, '--score-thr', '7'], 'between 0 and 1'),
        ([str(IMAGES[0]), MODEL, '--batch-size', '0'], '0 is not above 0'),
        ([str(IMAGES[0]), '/', 'a.pth'], '/ is a folder, with weights'),
        ([str(IMAGES[0]), 'remax_r50_coco'], 'is a config: give a check'),
        ([str(IMAGES[0]), 'remax_r50_coc', 'a.pth'], 'Near it: remax_r50_co'),
    ],
)
def test_errors_are_one_line(arguments, says, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        assert main(['predict', *arguments]) == 1
        text = capsys.readouterr().err
    except SystemExit as left:
        text = capsys.readouterr().err or str(left.code)
    assert says in text
    assert 'Traceback' not in text
    assert list(tmp_path.iterdir()) == []


def test_a_failed_import_says_why(monkeypatch, capsys):
    def hide(args):
        try:
            raise ImportError("No module named 'theirs'")
        except ImportError:
            raise ImportError('custom_imports failed') from None

    def chain(args):
        try:
            import no_such_module  # noqa: F401
        except ImportError as error:
            raise ImportError('custom_imports failed') from error

    for run, says in (
        (hide, 'custom_imports failed\n'),
        (chain, "custom_imports failed: No module named 'no_such_module'\n"),
    ):
        monkeypatch.setattr(doctor, 'run', run)
        assert main(['doctor']) == 1
        assert capsys.readouterr().err == f'mmremax doctor: {says}'


def test_an_empty_folder(tmp_path, capsys):
    assert main(['predict', str(tmp_path), MODEL]) == 1
    assert 'holds no image' in capsys.readouterr().err


def test_images_of_every_kind(tmp_path, capsys):
    """Through the network, down to one pixel."""
    pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3))
    picture = Image.fromarray(pixels.astype(np.uint8))
    turned = Image.Exif()
    turned[0x0112] = 6
    for number, (image, name, options) in enumerate(
        (
            (picture.crop((0, 0, 1, 1)), 'dot.png', {}),
            (picture.crop((0, 0, 40, 1)).resize((900, 1)), 'line.png', {}),
            (picture.convert('CMYK'), 'cmyk.jpg', {}),
            (picture.convert('RGBA'), 'alpha.webp', {}),
            (picture.convert('P'), 'palette.png', {}),
            (picture, 'turned.jpg', dict(exif=turned)),
            (Image.new('I;16', (40, 30)), 'deep.png', {}),
        )
    ):
        image.save(tmp_path / f'{number}_{name}', **options)
    claim(tmp_path / '7_bomb.png', 100_000, 10_000)
    command = ['predict', str(tmp_path), MODEL, '--json', '--device', 'cpu']
    assert main(command) == 1
    printed, errors = capsys.readouterr()
    sizes = [(r['height'], r['width']) for r in json.loads(printed)]
    assert sizes == [(1, 1), (1, 900), *[(30, 40)] * 3, (40, 30)]
    # On a slow machine progress is told too.
    lines = [x for x in errors.splitlines() if ' a second, ' not in x]
    assert len(lines) == 3
    assert '6_deep.png has more than 8 bits' in lines[0]
    assert '7_bomb.png' in lines[1]
    assert lines[2] == '2 of 8 failed.'


@pytest.mark.parametrize(
    ('out', 'says'),
    [
        ('/proc/out', 'The folder /proc/out cannot be made: No such file'),
        ('note.txt', 'note.txt cannot be made: File exists'),
    ],
)
def test_where_nothing_can_be_written(
    out, says, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(predict, 'open_model', lambda args: Halves())
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'note.txt').touch()
    command = ['predict', str(IMAGES[4]), 'model', '--out', out, '--ids']
    assert main(command) == 1
    printed, errors = capsys.readouterr()
    assert says in errors
    assert errors.count('\n') == 1
    assert printed == ''
    assert [path.name for path in tmp_path.iterdir()] == ['note.txt']


def test_missing_data_is_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(['test', MODEL, '--data-root', 'none']) == 1
    assert 'none/panoptic_val.json does not exist' in capsys.readouterr().err
