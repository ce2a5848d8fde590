"""What a run gets of the machine."""

import pytest

from mmremax.experiments.machine import (
    share,
    total_threads,
)


def test_gpus_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '3,5')
    assert share(2, ['3'])[1] == '5'
    assert share(2, ['3', '5', '5'])[1] == '3'
    environment, gpu = share(2, [])
    assert environment['CUDA_VISIBLE_DEVICES'] == gpu == '3'


def test_one_gpu_is_left_to_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '3')
    environment, gpu = share(2, [None, None])
    assert gpu is None
    assert environment == {'OMP_NUM_THREADS': '2', 'MKL_NUM_THREADS': '2'}


def test_threads_of_the_user_come_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv('OMP_NUM_THREADS', '7')
    assert total_threads() == 7
    monkeypatch.setenv('OMP_NUM_THREADS', '0')
    assert total_threads() >= 1
