"""The tool writes what it says, and refuses tiny images."""

import runpy
from pathlib import Path

import pytest

TOOL = (
    Path(__file__).parents[2] / 'tools/dataset_converters/make_vivid_shapes.py'
)


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
    run(str(out), '--train', '3', '--val', '2', '--size', '64', '80')
    assert f'3 + 2 images: {out}' in capsys.readouterr().out
    assert len(list((out / 'train').iterdir())) == 3
    assert len(list((out / 'annotations/panoptic_val').iterdir())) == 2
    assert (out / 'annotations/panoptic_train.json').is_file()


def test_tiny_images_are_refused(
    run, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit, match='2'):
        run(str(tmp_path), '--size', '32', '80')
    assert 'at least 64 pixels' in capsys.readouterr().err
