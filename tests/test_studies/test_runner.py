"""The runner: order, failing arm, kill, two at once, changed settings."""

import json
import multiprocessing
import shutil
import signal
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from unittest import mock

import pytest

from mmremax.studies import children
from mmremax.studies.result import read_result
from mmremax.studies.study import StudyError
from tests.helpers.toy_study import order_of, run, write_study


def statuses(runs: list[dict]) -> list[str]:
    return [one['status'] for one in runs]


def test_seed_by_seed(tmp_path, capsys):
    """A second call does nothing."""
    path = write_study(tmp_path, base=0.0, other=0.02)
    runs = run(path, arms=['base', 'oth*'])
    assert order_of(path) == ['0.0 0 0', '0.02 0 0', '0.0 1 0', '0.02 1 0']
    assert statuses(runs['other']) == ['finished'] * 2
    link = tmp_path / 'out/study/other/seed1'
    assert runs['other'][1] == dict(
        seed=1,
        run=link.resolve().name,
        status='finished',
        error=None,
        iters=40,
        curve=[dict(iter=i, PQ=i + 3.0, SQ=None) for i in (20, 40)],
        final=dict(PQ=43.0, SQ=None),
        diagnostics={
            'iter': [10, 20, 30, 40],
            'loss': [0.1, 0.05, 0.0333333, 0.025],
            'grad_norm': [2.0] * 4,
            'd0.fp_fn_ratio': [1000.0] * 4,
            'd0.m_hat_mean': [2.5] * 4,
        },
        step_s=0.1,
    )
    result = read_result(tmp_path / 'out/study/result.json')
    assert result.frame('final')['PQ'].mean() == 41.5
    out = capsys.readouterr().out
    assert out.count('other 1: ') == 1
    assert '4 of 4 runs are finished, 160 of 160 steps' in out
    assert 'base: 64 images to train on, 4 to validate\nother: 64' in out
    content = json.loads((tmp_path / 'out/study/result.json').read_text())
    assert [arm['images'] for arm in content['arms']] == [[64, 4]] * 2
    # The link of an arm and seed leads to the folder of the run.
    assert 'lr=0.02' in (link / 'config.py').read_text()
    assert run(path) == runs
    assert len(order_of(path)) == 4


def test_failing_arm_leaves_the_others_and_is_tried_again(tmp_path):
    path = write_study(tmp_path, base=0.0, bad=0.5)
    runs = run(path, jobs=2)
    assert statuses(runs['base']) == ['finished'] * 2
    assert statuses(runs['bad']) == ['failed'] * 2
    assert runs['bad'][0]['error'] == (
        'exit status 1, no toy/PQ after 40 steps\n'
        'a line before\nCUDA out of memory\n'
    )
    assert runs['bad'][0]['final'] == {}
    run(path)
    assert order_of(path)[4:] == ['0.5 0 20', '0.5 1 20']


def test_lost_last_validation_is_tested(tmp_path):
    path = write_study(tmp_path, base=0.125)
    (one, _) = run(path)['base']
    assert one['final'] == dict(PQ=40.0)
    assert [point['iter'] for point in one['curve']] == [20, 40]
    assert order_of(path)[:2] == ['0.125 0 0', 'test 0.0']


def test_other_settings_of_inference(tmp_path):
    path = write_study(tmp_path, base=0.0)
    run(path)
    runs = run(path, options=['a.b=0.5'])
    assert runs['base'][1]['final'] == dict(PQ=40.5)
    assert runs['base'][1]['curve'] == [dict(iter=40, PQ=40.5)]
    assert run(path, options=['a.b=0.5']) == runs
    assert order_of(path)[2:] == ['test 0.5'] * 2
    assert run(path)['base'][1]['final'] == dict(PQ=41.0, SQ=None)
    # A test without the score of the study.
    (one, _) = run(path, options=['a.b=9'])['base']
    assert one['error'] == 'exit status 0, no toy/PQ after 40 steps\n'


def test_changed_settings_get_a_new_folder(tmp_path):
    path = write_study(tmp_path, base=0.0, other=0.02)
    run(path)
    link = tmp_path / 'out/study/other/seed0'
    old = link.resolve()
    path.write_text(path.read_text().replace('0.02', '0.03'))
    runs = run(path)
    assert order_of(path)[4:] == ['0.03 0 0', '0.03 1 0']
    assert runs['other'][0]['final']['PQ'] == 43.0
    assert link.resolve() != old
    assert old.is_dir()
    path.write_text(path.read_text().replace('0.03', '0.02'))
    assert run(path)['other'][0]['final']['PQ'] == 42.0
    assert len(order_of(path)) == 6


def test_a_result_that_is_taken_along_is_continued(tmp_path):
    path = write_study(tmp_path, base=0.0)
    first = run(path)['base']
    shutil.rmtree(tmp_path / 'out/runs')
    path.write_text(path.read_text().replace('seeds = 2', 'seeds = 3'))
    assert run(path)['base'][:2] == first
    assert order_of(path)[2:] == ['0.0 2 0']
    path.write_text(path.read_text().replace(': 0.0}', ': 0.02}'))
    run(path)  # of other settings: not the same runs
    assert order_of(path)[3:] == ['0.02 0 0', '0.02 1 0', '0.02 2 0']
    (tmp_path / 'out/study/result.json').write_text('{"arms": [')
    with pytest.raises(StudyError, match='no result to go on from'):
        run(path)


def test_studies_share_equal_runs(tmp_path):
    path = write_study(tmp_path, base=0.0)
    run(path)
    text = path.read_text().replace("'base'", "'same'")
    text = text.replace('base=', 'same=').replace('seeds = 2', 'seeds = 3')
    path = path.with_name('second.py')
    path.write_text(text)
    assert statuses(run(path)['same']) == ['finished'] * 3
    assert order_of(path) == ['0.0 0 0', '0.0 1 0', '0.0 2 0']


def start(path: Path, run_folder: str, step: int, **options) -> BaseProcess:
    """Run a study in a fork; return when a run has reached a step."""
    context = multiprocessing.get_context('fork')
    process = context.Process(target=run, args=(path,), kwargs=options)
    process.start()
    file = path.parent / f'out/study/{run_folder}/work/iter_{step}.pth'
    deadline = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process


def read_statuses(path: Path) -> list[list[str]]:
    content = json.loads((path.parent / 'out/study/result.json').read_text())
    return [statuses(arm['runs']) for arm in content['arms']]


def test_killed_runner_takes_its_training_along_and_is_resumed(tmp_path):
    """SIGKILL while `slow` sleeps at step 30, after checkpoint 20."""
    path = write_study(tmp_path, base=0.0, slow=0.25)
    process = start(path, 'slow/seed0', 20)
    process.kill()
    process.join()
    assert read_statuses(path)[0] == ['finished', 'pending']
    runs = run(path)
    assert order_of(path)[:2] == ['0.0 0 0', '0.25 0 0']
    assert order_of(path)[2:] == ['0.25 0 20', '0.0 1 0', '0.25 1 0']
    assert runs['slow'][0]['diagnostics']['iter'] == [10, 20, 30, 40]
    assert [point['iter'] for point in runs['slow'][0]['curve']] == [20, 40]


CHECKPOINT_ON_SIGTERM = """
import signal

def stop(*_):
    (work / f'iter_{step}.pth').touch()
    sys.exit(75)

signal.signal(signal.SIGTERM, stop)
"""


def test_a_signal_lets_trainings_write_their_checkpoints(tmp_path):
    """`slow` sleeps at step 30; a second signal ends it there at once."""
    path = write_study(tmp_path, slow=0.25)
    script = path.with_name('train.py')
    script.write_text(
        script.read_text().replace(
            'with log.open', f'{CHECKPOINT_ON_SIGTERM}with log.open'
        )
    )
    process = start(path, 'slow/seed0', 20)
    time.sleep(0.2)
    process.terminate()
    process.join(20)
    assert process.exitcode == 1  # by KeyboardInterrupt
    assert (tmp_path / 'out/study/slow/seed0/work/iter_30.pth').is_file()
    assert read_statuses(path) == [['running', 'pending']]
    runs = run(path)
    assert order_of(path) == ['0.25 0 0', '0.25 0 30', '0.25 1 0']
    assert statuses(runs['slow']) == ['finished'] * 2


def test_a_second_signal_ends_a_study_at_once(tmp_path):
    path = write_study(tmp_path, slow=0.25)
    script = path.with_name('train.py')
    deaf = 'import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n'
    script.write_text(deaf + script.read_text())
    with mock.patch.object(children, 'ONE_REQUEST', 0.01):
        process = start(path, 'slow/seed0', 20)
    for _ in range(2):
        process.terminate()
        time.sleep(0.1)
    process.join(20)
    assert process.exitcode == -signal.SIGTERM
    assert run(path, arms=['slow'])  # nobody holds the lock


def test_two_runners_share_the_work(tmp_path):
    """While one sleeps in `slow`, the other does the rest and waits."""
    path = write_study(tmp_path, slow=0.25, base=0.0)
    first = start(path, 'slow/seed0', 20, arms=['slow'])
    second = start(path, 'base/seed1', 40)
    orders = ['0.0 0 0', '0.0 1 0', '0.25 0 0', '0.25 1 0']
    assert sorted(order_of(path)) == orders
    first.kill()  # then the second takes over what the first had
    first.join()
    second.join(60)
    assert second.exitcode == 0
    assert order_of(path)[4:] == ['0.25 0 20']
    assert read_statuses(path) == [['finished'] * 2] * 2


def test_jobs_share_threads_and_gpus(tmp_path, monkeypatch):
    monkeypatch.setenv('OMP_NUM_THREADS', '5')
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '3,5')
    path = write_study(tmp_path, base=0.0, other=0.02)
    script = path.with_name('train.py')
    script.write_text(
        'import os, time\n'
        'print(os.environ["OMP_NUM_THREADS"], '
        'os.environ["CUDA_VISIBLE_DEVICES"], flush=True)\n'
        'time.sleep(0.3)\n' + script.read_text()
    )
    run(path, jobs=2)
    logs = [p.read_text() for p in tmp_path.glob('out/study/*/seed0/log.txt')]
    assert sorted(logs) == ['2 3\n', '2 5\n']


def test_unknown_arm_and_missing_data(tmp_path):
    path = write_study(tmp_path, base=0.0)
    with pytest.raises(StudyError, match='--arms: bass is none of .* base'):
        run(path, arms=['bass'])
    config = path.with_name('toy.py')
    text, root = config.read_text(), "data_root='toy/'"
    config.write_text(text.replace(root, f"{root}, ann_file='a.json'"))
    with pytest.raises(StudyError, match=r'no nowhere/a\.json.*--data-root'):
        run(path, data_root='nowhere')
