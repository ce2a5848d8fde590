"""The runner: order, failing arm, kill, finished runs, budget, lock."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmremax.experiments import (
    StudyError,
    result_table,
)
from mmremax.experiments import runner as runner_module
from mmremax.experiments.study_lock import StudyLock

from .toy_study import make_runner, order_of, result_of, write_study

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, 'POLL_SECONDS', 0.02)
    monkeypatch.setattr(runner_module, 'SHOW_SECONDS', 0.05)


def test_seed_by_seed_with_statistics(tmp_path: Path) -> None:
    path = write_study(tmp_path, base=0.0, other=0.02)
    result = make_runner(path).run()
    assert order_of(path) == [
        ('base', 'seed0', 0),
        ('other', 'seed0', 0),
        ('base', 'seed1', 0),
        ('other', 'seed1', 0),
    ]
    assert result == result_of(path)
    assert set(result) == {'schema', 'study', 'machine', 'arms'}
    base, other = result['arms']
    assert [run['status'] for run in other['runs']] == ['finished'] * 2
    assert base['summary']['PQ'] == dict(
        mean=40.5, spread=pytest.approx(0.5**0.5), n=2
    )
    assert base['paired'] == {}
    assert other['paired']['PQ'] == dict(
        differences=[2.0, 2.0], mean=2.0, low=2.0, high=2.0, level=0.95
    )
    run = other['runs'][1]
    assert run['iters'] == 40
    assert [point['iter'] for point in run['curve']] == [20, 40]
    assert run['final'] == {'PQ': 43.0, 'SQ': None}
    assert run['losses']['iter'] == [10, 20, 30, 40]
    assert set(run['losses']) == {'iter', 'loss'}
    assert run['grad_norm']['value'] == [2.0] * 4
    assert run['diagnostics']['d0.m_hat_mean'] == [2.5] * 4
    histogram = run['histograms']['log10_fp_fn']
    assert sum(histogram['counts']) == 4
    bin_ = histogram['counts'].index(4)
    edges = histogram['edges'][bin_ : bin_ + 2]
    assert edges[0] <= 3 <= edges[1]
    assert run['step_s'] == 0.1
    assert run['wall_s'] > 0
    table = result_table(result)
    assert table.row_count == 2


def test_jobs_share_the_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('OMP_NUM_THREADS', '4')
    path = write_study(tmp_path, base=0.0, other=0.02)
    result = make_runner(path, jobs=2).run()
    assert result['machine']['threads'] == 2
    assert len(order_of(path)) == 4


def test_failing_arm_leaves_the_others(tmp_path: Path) -> None:
    path = write_study(tmp_path, base=0.0, bad=0.5)
    result = make_runner(path).run()
    base, bad = result['arms']
    assert [run['status'] for run in base['runs']] == ['finished'] * 2
    assert [run['status'] for run in bad['runs']] == ['failed'] * 2
    error = bad['runs'][0]['error']
    assert error == 'exit status 1\na line before\nCUDA out of memory'
    assert bad['summary'] == {}
    # A second call tries neither again, unless told to.
    make_runner(path).run()
    assert len(order_of(path)) == 4
    make_runner(path, retry_failed=True).run()
    assert order_of(path)[4:] == [('bad', 'seed0', 20), ('bad', 'seed1', 20)]


def test_run_without_its_score_fails(tmp_path: Path) -> None:
    """The metric is never logged; then tools/test.py is tried."""
    path = write_study(tmp_path, base=0.125)
    runner = make_runner(path, budget=None)
    result = runner.run()
    runs = result['arms'][0]['runs']
    assert runs[0]['error'] == 'the training left no checkpoint'


def test_finished_run_is_not_trained_with_other_settings(
    tmp_path: Path,
) -> None:
    path = write_study(tmp_path, base=0.0, other=0.02)
    make_runner(path).run()
    before = result_of(path)
    path.write_text(path.read_text().replace('0.02', '0.03'))
    with pytest.raises(StudyError) as error:
        make_runner(path).run()
    text = str(error.value)
    assert 'optim_wrapper.optimizer.lr: 0.02 -> 0.03' in text
    assert 'other, seed 0 is finished' in text
    assert '--out' in text
    assert result_of(path) == before
    # What does not decide the numbers may change.
    path.write_text(path.read_text().replace('0.03', '0.02'))
    config = path.parent / 'toy.py'
    config.write_text(
        config.read_text().replace('num_workers=0', 'num_workers=1')
    )
    make_runner(path).run()
    assert len(order_of(path)) == 4


def test_more_seeds_keep_the_runs(tmp_path: Path) -> None:
    path = write_study(tmp_path, base=0.0)
    make_runner(path).run()
    path.write_text(path.read_text().replace('seeds = 2', 'seeds = [2]'))
    result = make_runner(path).run()
    assert [run['seed'] for run in result['arms'][0]['runs']] == [0, 1, 2]
    assert result['arms'][0]['summary']['PQ']['n'] == 3
    assert len(order_of(path)) == 3


def test_budget_stops_new_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    path = write_study(tmp_path, base=0.0, other=0.02)
    make_runner(path, budget=0.0).run()
    assert not (tmp_path / 'order.txt').exists()
    assert 'not started: base, seed 0; other, seed 0' in (
        capsys.readouterr().err
    )
    # One that ran says what the next would take.
    make_runner(path, arms=['base']).run()
    state = tmp_path / 'out' / 'base' / 'seed0' / 'run.json'
    content = json.loads(state.read_text())
    state.write_text(json.dumps(content | {'wall_s': 1e6}))
    result = make_runner(path, budget=60.0).run()
    assert len(order_of(path)) == 2
    statuses = [run['status'] for run in result['arms'][1]['runs']]
    assert statuses == ['pending', 'pending']
    make_runner(path).run()
    assert len(order_of(path)) == 4


def test_killed_runner_takes_its_training_along_and_is_gone_on_with(
    tmp_path: Path,
) -> None:
    """SIGKILL while `slow` sleeps at step 30, after checkpoint 20."""
    path = write_study(tmp_path, base=0.0, slow=0.25)
    code = (
        'from pathlib import Path\n'
        'from tests.test_experiments.toy_study import make_runner\n'
        f'make_runner(Path({str(path)!r})).run()\n'
    )
    process = subprocess.Popen(
        [sys.executable, '-c', code],
        env=os.environ | {'PYTHONPATH': str(ROOT)},
        start_new_session=True,
    )
    run_folder = tmp_path / 'out/slow/seed0'
    pointer = run_folder / 'work' / 'last_checkpoint'
    deadline = time.monotonic() + 60
    while not pointer.is_file() or pointer.read_text() != '20':
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    interim = result_of(path)['arms']
    assert [run['status'] for run in interim[0]['runs']] == [
        'finished',
        'pending',
    ]
    assert interim[1]['runs'][0]['status'] == 'running'

    result = make_runner(path).run()
    assert order_of(path) == [
        ('base', 'seed0', 0),
        ('slow', 'seed0', 0),
        ('slow', 'seed0', 20),
        ('base', 'seed1', 0),
        ('slow', 'seed1', 0),
    ]
    run = result['arms'][1]['runs'][0]
    assert run['status'] == 'finished'
    assert run['losses']['iter'] == [10, 20, 30, 40]
    assert [point['iter'] for point in run['curve']] == [20, 40]


def test_one_call_at_a_time(tmp_path: Path) -> None:
    with StudyLock(tmp_path / '.lock'):
        with pytest.raises(StudyError, match='Another call works'):
            StudyLock(tmp_path / '.lock', patience=0.3).__enter__()
    with StudyLock(tmp_path / '.lock', patience=0.3):
        pass


def test_unknown_arm_and_missing_data(tmp_path: Path) -> None:
    path = write_study(tmp_path, base=0.0)
    with pytest.raises(StudyError, match='--arms: bass is none of'):
        make_runner(path, arms=['bass'])
    config = path.parent / 'toy.py'
    config.write_text(
        config.read_text().replace(
            "data_root='toy/'", "data_root='toy/', ann_file='a.json'"
        )
    )
    with pytest.raises(StudyError, match=r'toy/a\.json.*--data-root'):
        make_runner(path).run()
