"""Two ranks decide alike, whichever of them alone sees the reason."""

import signal

import pytest

from mmremax.engine.stopping import STOPPED
from tests.helpers.campaigns import fork_ranks, read_losses, train_tool
from tests.helpers.toy import toy_config

LAUNCH = ('--launcher', 'pytorch')
BAD = 'train_dataloader.dataset.nan_at=1'


def train_two(folder, *options, at=None) -> list[tuple[int, str]]:
    """Train; a signal goes to rank 1 alone. Return statuses and output."""
    config = toy_config(folder)
    folder.mkdir(exist_ok=True)

    def train(rank: int) -> int:
        ours = at if rank == 1 else None
        return train_tool(config, *LAUNCH, *options, signal_at=ours)

    ranks = fork_ranks(train)
    return [(rank.wait(), rank.errors()) for rank in ranks]


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp('whole')
    assert [status for status, _ in train_two(folder)] == [0, 0]
    return [read_losses(folder, rank) for rank in (0, 1)]


def test_a_signal_to_one_stops_both_and_resume_is_exact(tmp_path, whole):
    """Also the random states are each rank's own."""
    assert whole[0] != whole[1]
    at = ('after_train_iter', 5, signal.SIGTERM)
    results = train_two(tmp_path, at=at)
    assert [status for status, _ in results] == [STOPPED] * 2
    assert 'Stopped by SIGTERM after step 5' in results[0][1]
    assert 'Stopped' not in results[1][1].replace('Stopping', '')
    for rank in (0, 1):
        (tmp_path / f'losses.{rank}').unlink()
    results = train_two(tmp_path, '--resume')
    assert [status for status, _ in results] == [0, 0]
    for rank in (0, 1):
        rest = {step: whole[rank][step] for step in (6, 7, 8)}
        assert read_losses(tmp_path, rank) == rest


def test_a_bad_loss_of_one_is_skipped_by_both(tmp_path):
    options = ('--cfg-options', BAD, 'custom_hooks.2.action=skip')
    results = train_two(tmp_path, *options)
    assert [status for status, _ in results] == [0, 0]
    bad = [
        {
            step
            for step, loss in read_losses(tmp_path, rank).items()
            if loss == 'nan'
        }
        for rank in (0, 1)
    ]
    assert sorted(map(len, bad)) == [0, 1], 'one rank alone saw it'
    digests = {path.read_text() for path in tmp_path.glob('losses.weights.?')}
    assert len(digests) == 1
    assert sum('Step skipped, 1 so far' in text for _, text in results) == 1


def test_a_bad_loss_of_one_stops_both(tmp_path):
    results = train_two(tmp_path, '--cfg-options', BAD)
    for status, text in results:
        assert status == 1
        assert 'loss_a is nan' in text
        assert 'toy/1.jpg' in text
        assert 'Traceback' not in text
