"""The tool writes what it says, and refuses what cannot be drawn."""

import json
import runpy
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / 'tools/dataset_converters/make_shapes.py'


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch):
    def call(*args: str) -> None:
        monkeypatch.setattr('sys.argv', [str(TOOL), *args])
        runpy.run_path(str(TOOL), run_name='__main__')

    return call


def test_the_tool_writes_both_splits(
    run, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / 'shapes'
    run(str(out), '--train', '3', '--val', '2', '--workers', '2')
    printed = capsys.readouterr().out
    assert f'3 + 2 images of v1: {out}' in printed
    assert 'things of an image' in printed
    assert len(list((out / 'train').iterdir())) == 3
    assert len(list((out / 'annotations/panoptic_val').iterdir())) == 2
    assert (out / 'annotations/panoptic_train.json').is_file()


def test_every_knob_reaches_the_images(
    run, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    knobs = (
        '--train 1 --val 0 --size 64 80 --seed 7 --clutter 3 --occlusion 0.2 '
        '--thin 1 --radius 0.1 0.2 --workers 1'
    )
    run(str(tmp_path), *knobs.split())
    assert '1 + 0 images of no version' in capsys.readouterr().out
    path = tmp_path / 'annotations' / 'panoptic_train.json'
    assert json.loads(path.read_text())['info'] == dict(
        description='mmremax shapes',
        version=None,
        definition=dict(
            num_train=1,
            num_val=0,
            size=[64, 80],
            seed=7,
            clutter=3,
            occlusion=0.2,
            thin=1,
            radius=[0.1, 0.2],
        ),
    )


@pytest.mark.parametrize(
    ('options', 'text'),
    [
        ('--size 31 80', 'at least 32 pixels'),
        ('--occlusion 2', 'occlusion: 2.0 must be a share'),
        ('--workers 0', '--workers: 0 must be at least 1'),
    ],
)
def test_wrong_options_are_refused(
    run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    options: str,
    text: str,
) -> None:
    with pytest.raises(SystemExit, match='2'):
        run(str(tmp_path), *options.split())
    assert text in capsys.readouterr().err
