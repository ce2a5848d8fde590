"""The tools that draw data: samples of a run, and pilot masks."""

import numpy as np
import pytest
from PIL import Image

from tests.helpers.scripts import ROOT

TOOL = 'analysis/browse_dataset.py'
CONFIG = ROOT / 'configs/quickstart/kmax_mnv3-s_shapes.py'


def test_pictures_show_the_samples_of_a_run(
    run, tmp_path, capsys, shapes_root
):
    first, again, other = (tmp_path / name for name in 'abc')
    options = ('--num', 3, '--data-root', shapes_root, '--long-side', 200)
    run(CONFIG, '--out', first, *options)
    run(CONFIG, '--out', again, *options)
    run(CONFIG, '--out', other, '--seed', 1, *options)
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
    others = [path.read_bytes() for path in other.iterdir()]
    assert paths[0].read_bytes() not in others
    with pytest.raises(SystemExit, match='--data-root'):
        run(CONFIG, '--data-root', tmp_path, '--out', tmp_path)


def test_other_samples_are_refused(run, tmp_path, shapes_root):
    config = ROOT / 'configs/studies/mask2former/mask2former_shapes.py'
    with pytest.raises(SystemExit, match='ends with PackDetInputs'):
        run(config, '--data-root', shapes_root, '--out', tmp_path)


def test_show_pilots(run_tool, tmp_path):
    out = tmp_path / 'pilots.png'
    run_tool('analysis/show_pilots.py', '--out', out, '--noise', 0.5)
    with Image.open(out) as image:
        assert image.width > image.height > 100
