"""The stack is checked with a remedy, and mended only where it is broken."""

import subprocess
import sys
import warnings
from contextlib import suppress
from pathlib import Path

import mmengine.logging
import pytest

from mmremax.utils import compat

# A torchvision that imports only once the schema of `nms` is declared, as
# the published one does on a CPU build of torch.
TORCHVISION = """
import torch
try:
    torch.library.register_fake('torchvision::nms', lambda *a: a[0])
except RuntimeError as error:
    raise RuntimeError('operator torchvision::nms does not exist') from error
"""


def run_compat(code: str, path: Path) -> subprocess.CompletedProcess:
    """Run code with ``compat`` loaded alone and ``path`` searched first."""
    head = (
        'import importlib.util as u, sys; '
        f'sys.path.insert(0, {str(path)!r}); '
        f's = u.spec_from_file_location("compat", {compat.__file__!r}); '
        'compat = u.module_from_spec(s); s.loader.exec_module(compat); '
    )
    return subprocess.run(
        [sys.executable, '-c', head + code], capture_output=True, text=True
    )


def test_missing_package_gives_the_commands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        compat, 'find_spec', lambda name: None if 'mm' in name else name
    )
    with pytest.raises(ImportError) as error:
        compat.check_installed()
    text = str(error.value)
    assert 'needs mmengine, mmcv, mmdet, mmseg, mmpretrain, not' in text
    assert 'pip install --no-build-isolation -r requirements.txt' in text


def test_mmcv_without_operators_gives_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        compat, 'find_spec', lambda name: None if '_ext' in name else name
    )
    with pytest.raises(ImportError, match='--no-cache-dir --force-reinstall'):
        compat.check_installed()


def test_torchvision_is_mended_where_its_operators_are_missing(
    tmp_path: Path,
) -> None:
    (tmp_path / 'torchvision.py').write_text(TORCHVISION)
    run = run_compat('import torchvision', tmp_path)
    assert 'torchvision::nms does not exist' in run.stderr
    run = run_compat('compat.load_torchvision(); import torchvision', tmp_path)
    assert run.returncode == 0, run.stderr


def test_torchvision_failing_otherwise_still_fails(tmp_path: Path) -> None:
    (tmp_path / 'torchvision.py').write_text('raise RuntimeError("other")')
    run = run_compat('compat.load_torchvision()', tmp_path)
    assert 'RuntimeError: other' in run.stderr


def test_working_torchvision_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / 'torchvision.py').write_text('')
    run = run_compat(
        'compat.load_torchvision(); import torch; '
        'print(hasattr(torch.ops.torchvision, "nms"))',
        tmp_path,
    )
    assert run.stdout.strip() == 'False', run.stderr


@pytest.mark.parametrize('ending', ['', 'raise KeyError'])
def test_only_two_notes_are_silenced(
    ending: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
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


def test_import_prints_nothing() -> None:
    run = subprocess.run(
        [
            sys.executable,
            '-c',
            'import mmremax, mmdet.evaluation; '
            'from mmdet.registry import MODELS; '
            'MODELS.build(dict(type="KMaXMobileNetV3", arch="small"))',
        ],
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, '', '')
