"""The quickstart calls the tools in order and stops where one fails."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

SCRIPT = Path(__file__).parents[2] / 'tools' / 'quickstart.py'


def load(script: str | Path) -> ModuleType:
    """Load a script as a module."""
    spec = importlib.util.spec_from_file_location('script', script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_quickstart(
    out: Path, monkeypatch: pytest.MonkeyPatch, failing: str = ''
) -> list[list[str]]:
    """Run the script with processes that only leave their commands."""
    module = load(SCRIPT)
    commands = []

    def record(command: list[str]) -> SimpleNamespace:
        commands.append(command[1:])
        name = Path(command[1]).name
        if name == 'train.py':
            (out / 'run').mkdir(parents=True)
            (out / 'run' / 'last_checkpoint').write_text('iter_9.pth\n')
        if name == 'plot_run.py':
            (out / 'curve.png').touch()
        return SimpleNamespace(returncode=3 if name == failing else 0)

    monkeypatch.setattr(module, 'subprocess', SimpleNamespace(run=record))
    monkeypatch.setattr(sys, 'argv', ['quickstart.py', '--out', str(out)])
    if failing:
        with pytest.raises(SystemExit, match='3'):
            module.main()
    else:
        module.main()
    return commands


def test_steps_in_order(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    commands = run_quickstart(tmp_path, monkeypatch)
    assert [Path(command[0]).name for command in commands] == [
        'make_vivid_shapes.py',
        'train.py',
        'test.py',
        'plot_run.py',
        'show_predictions.py',
    ]
    for command in commands:
        assert Path(command[0]).is_file()
    assert '--no-pretrained' in commands[1]
    assert commands[2][2] == 'iter_9.pth'
    out = capsys.readouterr().out
    assert str(tmp_path / 'curve.png') in out
    assert 'Done in' in out


def test_failure_stops_and_is_passed_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    commands = run_quickstart(tmp_path, monkeypatch, failing='train.py')
    assert len(commands) == 2
    assert 'Failed with exit status 3' in capsys.readouterr().out


def test_every_command_is_understood_by_its_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in run_quickstart(tmp_path, monkeypatch):
        monkeypatch.setattr(sys, 'argv', command)
        load(command[0]).parse_args()  # exits on an unknown option
