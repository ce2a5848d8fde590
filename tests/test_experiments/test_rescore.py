"""Runs of a study, tested again under other settings."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from mmremax.experiments import StudyError
from mmremax.experiments.report import load_result
from mmremax.experiments.rescore import (
    rescore_run,
    with_scores,
)
from mmremax.experiments.run_folder import RunFolder
from tests.helpers.result_fixture import make_result, write

OPTIONS = ['--cfg-options', 'model.test_cfg.thing_threshold=0.2']
METRIC = 'coco_panoptic/PQ'


class FakeRun:
    """In place of subprocess.run: writes scores where --json says."""

    def __init__(self, status: int = 0) -> None:
        self.status = status
        self.commands: list[list[str]] = []

    def __call__(self, command: list[str], **_: object) -> SimpleNamespace:
        self.commands.append(command)
        scores = {METRIC: 40.0 + len(self.commands), 'time': 1.0}
        path = Path(command[command.index('--json') + 1])
        path.write_text(json.dumps(dict(scores=scores)))
        return SimpleNamespace(returncode=self.status, stderr='a\nno data\n')


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / 'remax' / 'seed1', 'remax', 1)
    folder.work_dir.mkdir(parents=True)
    (folder.work_dir / 'iter_600.pth').touch()
    return folder


def test_a_run_is_tested_once_for_each_setting(folder: RunFolder) -> None:
    tester = FakeRun()
    assert rescore_run(folder, METRIC, OPTIONS, tester) == {'PQ': 41.0}
    assert rescore_run(folder, METRIC, OPTIONS, tester) == {'PQ': 41.0}
    (command,) = tester.commands
    assert command[-2:] == OPTIONS
    assert str(folder.work_dir / 'iter_600.pth') in command
    assert str(folder.config_file) in command
    other = [*OPTIONS[:1], 'model.test_cfg.thing_threshold=0.3']
    assert rescore_run(folder, METRIC, other, tester) == {'PQ': 42.0}


def test_what_is_wrong_is_said(folder: RunFolder) -> None:
    with pytest.raises(StudyError, match='seed 1: the test failed: no data'):
        rescore_run(folder, METRIC, OPTIONS, FakeRun(status=1))
    (folder.work_dir / 'iter_600.pth').unlink()
    with pytest.raises(StudyError, match='seed 1: no checkpoint'):
        rescore_run(folder, METRIC, OPTIONS, FakeRun())


def test_scores_take_their_place(tmp_path: Path) -> None:
    """Two seeds of two arms; the third arm is left out."""
    content = make_result(num_arms=3, num_seeds=2)
    values = {
        ('arm0', 0): 40.0,
        ('arm0', 1): 42.0,
        ('arm1', 0): 43.0,
        ('arm1', 1): 45.0,
    }
    scores = {key: dict(PQ=value) for key, value in values.items()}
    rescored = with_scores(content, scores, 'python a.py')
    result = load_result(write(rescored, tmp_path))
    assert result.study['command'] == 'python a.py'
    assert [arm.name for arm in result.arms] == ['arm0', 'arm1']
    first, second = result.arms
    assert first.summary['PQ']['mean'] == 41.0
    assert first.paired == {}
    assert second.paired['PQ']['differences'] == [3.0, 3.0]
    assert second.runs[1]['final'] == dict(PQ=45.0)
    assert second.runs[1]['curve'] == [dict(iter=900, PQ=45.0)]
    losses = content['arms'][1]['runs'][1]['losses']
    assert second.runs[1]['losses'] == losses
