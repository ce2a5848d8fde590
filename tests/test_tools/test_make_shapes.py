"""The tool writes what it says, and refuses what cannot be drawn."""

import json

import numpy as np
import pytest
from PIL import Image

TOOL = 'dataset_converters/make_shapes.py'
COUNTS = ('--train', 1, '--val', 1, '--workers', 1)


def test_the_tool_writes_both_splits_and_a_picture(run, tmp_path, capsys):
    out = tmp_path / 'shapes'
    picture = tmp_path / 'new' / 'shapes.png'
    counts = ('--train', 3, '--val', 2, '--workers', 2)
    run(out, *counts, '--picture', picture)
    printed = capsys.readouterr().out
    assert f'3 + 2 images of v1: {out}' in printed
    assert 'things of an image' in printed
    assert len(list((out / 'train').iterdir())) == 3
    assert len(list((out / 'annotations/panoptic_val').iterdir())) == 2
    assert (out / 'annotations/panoptic_train.json').is_file()
    # The picture shows images above segments.
    picture = np.asarray(Image.open(picture).convert('RGB'))
    assert picture.shape == (2 * (2 * 258 + 8), 6 * (258 + 8), 3)
    assert len(np.unique(picture[4:262, 4:262].reshape(-1, 3), axis=0)) > 5


@pytest.mark.parametrize(
    ('options', 'version', 'definition'),
    [
        ('--version vivid1', 'vivid1', dict(size=[129, 129], seed=0)),
        (
            '--size 64 80 --seed 7 --clutter 3 '
            '--occlusion 0.2 --thin 1 --radius 0.1 0.2 --salience 0.5',
            None,
            dict(size=[64, 80], seed=7, clutter=3)
            | dict(occlusion=0.2, thin=1, radius=[0.1, 0.2], salience=0.5),
        ),
    ],
)
def test_every_option_reaches_the_images(
    run, tmp_path, capsys, options, version, definition
):
    run(tmp_path, *COUNTS, *options.split())
    name = version or 'no version'
    assert f'1 + 1 images of {name}: {tmp_path}' in capsys.readouterr().out
    height, width = definition['size']
    image = Image.open(tmp_path / 'val/000000000001.png')
    assert image.size == (width, height)
    path = tmp_path / 'annotations' / 'panoptic_train.json'
    assert json.loads(path.read_text())['info'] == dict(
        description='mmremax shapes',
        version=version,
        definition=dict(num_train=1, num_val=1) | definition,
    )


@pytest.mark.parametrize(
    ('options', 'text'),
    [
        ('--size 31 80', 'at least 32 pixels'),
        ('--clutter nan', 'clutter: nan is not from 0 to 1000'),
        ('--picture a.txt', 'a.txt does not end with .png'),
        ('--occlusion 2', 'occlusion: 2.0 must be a fraction'),
        ('--workers 0', '--workers: 0 is not above 0'),
        ('--version v2', "invalid choice: 'v2'"),
        ('--version vivid1 --clutter 4', '--clutter: not with'),
        ('--version vivid1 --occlusion 0', '--occlusion: not with'),
        ('--version vivid1 --salience 0', '--salience: not with'),
        (
            '--version vivid1 --thin 0 --radius 0.1 0.2',
            '--thin, --radius: not with version vivid1',
        ),
    ],
)
def test_wrong_options_are_refused(run, tmp_path, capsys, options, text):
    with pytest.raises(SystemExit, match='2'):
        run(tmp_path, *options.split())
    assert text in capsys.readouterr().err
