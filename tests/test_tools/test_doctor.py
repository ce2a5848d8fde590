"""The doctor names what is broken and the remedy, and exits with 1."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from mmremax_runtime.commands import doctor

DOCTOR = Path(__file__).parents[2] / 'tools' / 'doctor.py'


@pytest.fixture
def broken(monkeypatch):
    """Pretend that versions are installed and that every probe fails."""

    def pretend(versions: dict[str, str], error: str = 'no module') -> None:
        monkeypatch.setattr(doctor, 'version_of', versions.get)
        monkeypatch.setattr(doctor, 'probe', lambda code: (False, error))

    return pretend


def test_this_environment_is_sound(monkeypatch, capsys):
    """With all probes in this process, which has imported what they do."""

    def probe(code: str) -> tuple[bool, str]:
        try:
            exec(code, {})
        except AssertionError as error:  # no CUDA in this torch
            return False, str(error)
        return True, capsys.readouterr().out.strip().splitlines()[-1]

    monkeypatch.setattr(doctor, 'probe', probe)
    assert doctor.run_checks(doctor.check_environment) == 0
    out = capsys.readouterr().out
    for piece in ('torch', 'mmcv operators', 'panopticapi', 'GPU'):
        assert piece in out


def test_host_check_needs_no_package():
    command = [sys.executable, '-S', DOCTOR, '--host']
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert 'Python headers' in run.stdout


def test_a_runtime_needs_no_torch(broken, monkeypatch, capsys):
    broken({'onnxruntime': '1.32.0'})
    monkeypatch.setattr(doctor, 'probe', lambda code: (True, code))
    assert doctor.run_checks(doctor.check_runtime) == 0
    assert 'torch' not in capsys.readouterr().out
    broken({})
    assert doctor.run_checks(doctor.check_runtime) == 1
    assert 'Broken: numpy, PIL, a runtime.' in capsys.readouterr().out


def test_empty_environment_is_broken(broken, capsys):
    broken({})
    assert doctor.run_checks(doctor.check_environment) == 1
    out = capsys.readouterr().out
    assert 'Broken: torch, torchvision, mmengine, mmcv, mmdet' in out
    assert 'mmseg' in out.split('Broken:')[1]


def test_two_families_are_broken(broken):
    broken({'onedl-mmdetection': '3.5.1', 'mmdet': '3.3.0'})
    finding = doctor.check_family('mmdet')
    assert finding.state == doctor.BROKEN
    assert 'pip uninstall -y onedl-mmdetection mmdet' in finding.remedy
    assert doctor.check_one_family().state == doctor.BROKEN


def test_missing_operators_are_a_note_or_get_the_command(broken):
    error = 'RuntimeError: operator torchvision::nms does not exist'
    broken({'torchvision': '0.28.0'}, error)
    assert doctor.check_torchvision().state == doctor.NOTE
    broken({'torchvision': '0.28.0'}, 'OSError: x')
    assert doctor.check_torchvision().state == doctor.BROKEN
    for pin in ('onedl-mmcv==2.3.6', 'mmcv==2.1.0'):
        broken(dict([pin.split('==')]))
        finding = doctor.check_mmcv_ops()
        assert finding.state == doctor.BROKEN
        assert finding.remedy.endswith(pin)


def test_probe_gives_the_error_and_its_type():
    assert doctor.probe('print(1)\nprint(2)') == (True, '2')
    ok, detail = doctor.probe('raise ImportError("first\\nsecond")')
    assert (ok, detail) == (False, 'ImportError: first')


def test_little_shared_memory_is_noted(monkeypatch, tmp_path):
    for free, state in ((64, doctor.NOTE), (8192, doctor.OK)):
        usage = SimpleNamespace(free=free * 2**20)
        monkeypatch.setattr(doctor.shutil, 'disk_usage', lambda _, u=usage: u)
        row = doctor.check_shared_memory(tmp_path)
        assert row.state == state
        assert f'{free:,} MB free' in row.detail
    assert doctor.check_shared_memory(tmp_path / 'no').state == doctor.NOTE
