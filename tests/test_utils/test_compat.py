"""The stack is checked with a remedy, and mended only where it is broken."""

import re
import subprocess
import sys
import warnings
from contextlib import suppress
from pathlib import Path

import mmengine.logging
import pytest

from mmremax.utils import compat

PACKAGE = str(Path(compat.__file__).parents[1])

# Three kinds of torchvision, imported one after the other.
SCRIPT = f"""
import sys, torch

sys.path.insert(0, {PACKAGE!r})
from utils import compat  # without importing the package
sys.path.pop(0)


def attempt(function, folder):
    sys.path.insert(0, folder)
    try:
        function()
        print('imported', end=', ')
    except RuntimeError as error:
        print(error, end=', ')
    sys.path.remove(folder)
    sys.modules.pop('torchvision', None)
    print('declared' if hasattr(torch.ops.torchvision, 'nms') else 'alone')


sound, broken, other = sys.argv[1:]
attempt(compat.load_torchvision, sound)
attempt(compat.load_torchvision, other)
attempt(lambda: __import__('torchvision'), broken)
attempt(compat.load_torchvision, broken)
"""
# It imports only once the schema of `nms` is declared, as the published one
# does on a CPU build of torch.
BROKEN = """
import torch
try:
    torch.library.register_fake('torchvision::nms', lambda *a: a[0])
except RuntimeError as error:
    raise RuntimeError('operator torchvision::nms does not exist') from error
"""


def test_torchvision_is_mended_where_its_operators_are_missing(tmp_path):
    """One that works is left alone; one that fails otherwise still fails."""
    folders = []
    for name, text in (
        ('sound', ''),
        ('broken', BROKEN),
        ('other', 'raise RuntimeError("another fault")'),
    ):
        folders.append(tmp_path / name)
        folders[-1].mkdir()
        (folders[-1] / 'torchvision.py').write_text(text)
    run = subprocess.run(
        [sys.executable, '-c', SCRIPT, *folders],
        capture_output=True,
        text=True,
    )
    assert run.stdout.splitlines() == [
        'imported, alone',
        'another fault, alone',
        'operator torchvision::nms does not exist, alone',
        'imported, declared',
    ], run.stderr


def test_missing_package_or_operators_give_the_commands(monkeypatch):
    monkeypatch.setattr(
        compat, 'find_spec', lambda name: None if 'mm' in name else name
    )
    with pytest.raises(ImportError) as error:
        compat.check_installed()
    text = str(error.value)
    assert 'needs mmengine, mmcv, mmdet, mmseg, mmpretrain: not' in text
    files = re.findall(r'-r (\S+\.txt)', text)
    assert len(files) == 2
    assert all(Path(file).is_file() for file in files)
    monkeypatch.setattr(
        compat, 'find_spec', lambda name: None if '_ext' in name else name
    )
    with pytest.raises(ImportError, match='--no-cache-dir --force-reinstall'):
        compat.check_installed()


@pytest.mark.parametrize('ending', ['', 'raise KeyError'])
def test_only_two_notes_are_silenced(ending, tmp_path, monkeypatch, capsys):
    (tmp_path / 'noisy.py').write_text(
        'import warnings\n'
        'from mmengine.logging import print_log\n'
        'print_log("Could not import OneDL. Skipping OneDL datasets.")\n'
        'print_log("kept")\n'
        'warnings.warn("faster_coco_eval is not installed")\n'
        f'warnings.warn("kept too")\n{ending}'
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, 'noisy', raising=False)
    print_log, filters = mmengine.logging.print_log, list(warnings.filters)
    with pytest.warns() as seen, suppress(KeyError):
        compat.import_quietly('noisy')
    assert [str(one.message) for one in seen] == ['kept too']
    assert capsys.readouterr().out == 'kept\n'
    assert mmengine.logging.print_log is print_log
    assert warnings.filters == filters


def test_import_prints_nothing():
    script = (
        'import mmremax, mmdet.evaluation; from mmdet.registry import MODELS; '
        'MODELS.build(dict(type="KMaXMobileNetV3", arch="small"))'
    )
    run = subprocess.run(
        [sys.executable, '-c', script], capture_output=True, text=True
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, '', '')
