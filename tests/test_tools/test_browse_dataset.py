import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs/quickstart/kmax_mnv3-s_shapes.py'


def browse(monkeypatch, *arguments) -> None:
    argv = ['browse_dataset', CONFIG, *arguments]
    monkeypatch.setattr(sys, 'argv', list(map(str, argv)))
    runpy.run_path(
        str(ROOT / 'tools/analysis/browse_dataset.py'), run_name='__main__'
    )


def test_pictures_show_the_samples_of_a_run(
    tmp_path, monkeypatch, capsys, shapes_root
):
    first, again, other = (tmp_path / name for name in 'abc')
    options = ('--num', 3, '--data-root', shapes_root, '--long-side', 200)
    browse(monkeypatch, '--out', first, *options)
    browse(monkeypatch, '--out', again, *options)
    browse(monkeypatch, '--out', other, '--seed', 1, *options)
    paths = sorted(first.iterdir())
    assert [path.name[:5] for path in paths] == ['0000_', '0001_', '0002_']
    assert str(paths[0]) in capsys.readouterr().out
    for path in paths:
        picture = np.asarray(Image.open(path))
        twin = np.asarray(Image.open(again / path.name))
        assert (picture == twin).all()
        assert picture.shape[1] > 2 * 200  # two panels
        assert picture.shape[0] > 200
        assert picture.std() > 10
    assert paths[0].read_bytes() not in [
        path.read_bytes() for path in other.iterdir()
    ]


def test_faults_are_named(tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match='--data-root'):
        browse(monkeypatch, '--data-root', tmp_path, '--out', tmp_path)
