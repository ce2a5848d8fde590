"""The quickstart calls the tools in order and stops where one fails."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from mmremax.experiments import load_study

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / 'tools' / 'quickstart.py'
FEW_STEPS = f"""
_base_ = '{ROOT}/configs/studies/quickstart.py'
options = {{
    'train_cfg.max_iters': 4,
    'train_cfg.val_interval': 2,
    'train_dataloader.batch_size': 2,
    'val_dataloader.batch_size': 2,
}}
"""


def load(script: str | Path) -> ModuleType:
    """Load a script as a module."""
    spec = importlib.util.spec_from_file_location('script', script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def leave_result(study: Path) -> None:
    """Write what the quickstart reads of a finished study."""
    folder = study / 'remax' / 'seed0' / 'work'
    folder.mkdir(parents=True)
    (folder / 'last_checkpoint').write_text('iter_9.pth\n')
    final = dict(PQ=30.04, PQ_th=12.0, PQ_st=60.0)
    arms = [dict(name='remax', runs=[dict(seed=0, final=final)])]
    (study / 'result.json').write_text(json.dumps(dict(arms=arms)))


def run_quickstart(
    out: Path, monkeypatch: pytest.MonkeyPatch, failing: str = ''
) -> list[list[str]]:
    """Run the script with processes that only leave their commands."""
    module = load(SCRIPT)
    commands = []

    def record(command: list[str]) -> SimpleNamespace:
        commands.append(command[1:])
        name = Path(command[1]).name
        if name == 'run.py':
            leave_result(out / 'study')
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
        'make_shapes.py',
        'run.py',
        'report.py',
    ]
    for command in commands:
        assert Path(command[0]).is_file()
    assert 'vivid1' in commands[0]
    out = capsys.readouterr().out
    assert 'Done in' in out
    study = tmp_path / 'study'
    assert [line.split(maxsplit=1) for line in out.splitlines()[-6:]] == [
        ['PQ', '30.0 (things 12.0, stuff 60.0)'],
        ['picture', f'{study}/report/predictions.png'],
        ['picture', f'{study}/report/convergence.png'],
        ['report', f'{study}/report/report.html'],
        ['checkpoint', 'iter_9.pth'],
        ['log', f'{study}/remax/seed0/train.log'],
    ]


def test_failure_stops_and_is_passed_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    commands = run_quickstart(tmp_path, monkeypatch, failing='run.py')
    assert len(commands) == 2
    assert 'Failed with exit status 3' in capsys.readouterr().out


def test_every_command_is_understood_by_its_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in run_quickstart(tmp_path, monkeypatch):
        monkeypatch.setattr(sys, 'argv', command)
        load(command[0]).parse_args()  # exits on an unknown option


def test_the_study_is_one_run_of_the_quickstart_config() -> None:
    """From random weights: nothing else needs to be trained before."""
    study = load_study(load(SCRIPT).STUDY)
    (arm,) = study.arms
    assert study.seeds == (0,)
    assert arm.config == ROOT / 'configs/quickstart/remax_mnv3-s_shapes.py'


@pytest.mark.slow
def test_few_steps_and_a_second_call(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture,
) -> None:
    """The real tools; the second call leaves the finished run as it is."""
    module = load(SCRIPT)
    module.STUDY = tmp_path / 'quickstart.py'
    module.STUDY.write_text(FEW_STEPS)
    module.NUM_TRAIN, module.NUM_VAL = 6, 4
    out = tmp_path / 'out'
    monkeypatch.setenv('PYTHONPATH', str(ROOT))
    monkeypatch.setattr(sys, 'argv', ['quickstart.py', '--out', str(out)])
    module.main()
    first = capfd.readouterr().out.split('Done in')[1]
    assert {p.name for p in (out / 'study/report').iterdir()} >= {
        'report.html',
        'convergence.png',
        'predictions.png',
    }
    rows = [row.split() for row in first.splitlines()[1:]]
    assert [row[0] for row in rows] == [
        'PQ',
        'picture',
        'picture',
        'report',
        'checkpoint',
        'log',
    ]
    assert all(Path(row[1]).is_file() for row in rows[1:])
    log = out / 'study' / 'remax' / 'seed0' / 'train.log'
    written = log.stat().st_mtime_ns
    module.main()
    assert log.stat().st_mtime_ns == written
    again = capfd.readouterr().out.split('Done in')[1]
    assert again.splitlines()[1:] == first.splitlines()[1:]
