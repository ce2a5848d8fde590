"""Threads that wait sleep where others work."""

import os
from pathlib import Path

import pytest

from mmremax_runtime import threads
from mmremax_runtime.threads import POLICY, busy_share, share_cores

# user nice system idle iowait irq softirq steal guest guest_nice
IDLE = '100 0 50 4000 30 0 5 15 7 7'
LATER = '150 10 60 4010 40 0 5 25 7 7'  # 100 more, 20 of them idle


@pytest.fixture
def stat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand for the kernel's file; waiting moves its clock."""
    path = tmp_path / 'stat'
    path.write_text(f'cpu  {IDLE}\ncpu0 {IDLE}\n')
    monkeypatch.setattr(threads, 'STAT', path)
    monkeypatch.setattr(
        threads.time, 'sleep', lambda _: path.write_text(f'cpu  {LATER}\n')
    )
    monkeypatch.delenv(POLICY, raising=False)
    return path


def test_share_is_what_the_cores_did_meanwhile(stat: Path) -> None:
    assert busy_share() == pytest.approx(0.8)
    assert busy_share() == 0  # no tick has passed
    stat.write_text('cpu  1 2 3')
    assert busy_share() == 0  # not told
    stat.unlink()
    assert busy_share() == 0


@pytest.mark.skipif(not threads.STAT.is_file(), reason='the kernel is another')
def test_the_kernel_s_own_file_is_understood() -> None:
    assert 0 <= busy_share() <= 1


def test_threads_sleep_beside_others(
    stat: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share_cores()
    assert os.environ.pop(POLICY) == 'PASSIVE'
    share_cores()  # nobody works any more
    assert POLICY not in os.environ
    stat.write_text(f'cpu  {IDLE}\n')
    monkeypatch.setenv(POLICY, 'ACTIVE')
    share_cores()
    assert os.environ[POLICY] == 'ACTIVE'
