"""A position names a sample: workers, ranks and resuming do not matter."""

import pickle
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmremax.datasets import SampleKey, SeededInfiniteSampler

CONFIG = 'configs/_base_/datasets/shapes_panoptic.py'
REPOSITORY = Path(__file__).parents[2]


def _take(sampler: SeededInfiniteSampler, count: int) -> list[tuple]:
    return [(int(k), k.seed, k.position) for k in islice(iter(sampler), count)]


def test_key_is_an_integer_that_survives_pickling():
    key = pickle.loads(pickle.dumps(SampleKey(3, seed=1, position=20)))
    assert key == 3
    assert [10, 11, 12, 13][key] == 13
    assert (key.seed, key.position) == (1, 20)


def test_each_pass_is_a_new_permutation():
    keys = _take(SeededInfiniteSampler(range(7), seed=0), 21)
    passes = [[k[0] for k in keys[i : i + 7]] for i in (0, 7, 14)]
    assert all(sorted(p) == list(range(7)) for p in passes)
    assert passes[0] != passes[1]
    assert [k[2] for k in keys] == list(range(21))
    plain = SeededInfiniteSampler(range(3), shuffle=False, seed=0)
    assert [k[0] for k in _take(plain, 7)] == [0, 1, 2, 0, 1, 2, 0]


def test_skip_is_absolute_and_free():
    sampler = SeededInfiniteSampler(range(5), seed=3)
    whole = _take(sampler, 40)
    for start in (0, 1, 4, 5, 23):
        sampler.skip(start)
        assert _take(sampler, 10) == whole[start : start + 10]
    sampler.skip(10**12)  # at once
    assert _take(sampler, 1)[0][2] == 10**12
    with pytest.raises(ValueError, match='num_samples'):
        sampler.skip(-1)
    with pytest.raises(ValueError, match='no samples'):
        SeededInfiniteSampler([], seed=0)


def test_ranks_share_the_stream(monkeypatch):
    whole = _take(SeededInfiniteSampler(range(5), seed=3), 24)
    module = 'mmremax.datasets.sampler'
    for rank in range(2):
        monkeypatch.setattr(f'{module}.get_dist_info', lambda r=rank: (r, 2))
        sampler = SeededInfiniteSampler(range(5), seed=3)
        assert _take(sampler, 12) == whole[rank::2]
        sampler.skip(4)
        assert _take(sampler, 4) == whole[rank::2][4:8]


def _batches(
    root: Path, workers: int, skip: int, count: int
) -> list[tuple[int, torch.Tensor, torch.Tensor]]:
    config = Config.fromfile(REPOSITORY / CONFIG).train_dataloader
    config.update(batch_size=2, num_workers=workers, pin_memory=False)
    config.persistent_workers = workers > 0
    config.dataset.data_root = str(root)
    loader = Runner.build_dataloader(config, seed=11)
    loader.sampler.skip(2 * skip)
    return [
        (sample.img_id, image, sample.gt_segment_map.data)
        for batch in islice(iter(loader), count)
        for image, sample in zip(*batch.values(), strict=True)
    ]


def test_workers_and_resume_do_not_change_the_samples(shapes_root):
    whole = _batches(shapes_root, workers=0, skip=0, count=8)
    assert max(Counter(row[0] for row in whole).values()) == 2  # two passes
    for workers, skip, count in ((2, 0, 8), (0, 3, 5), (1, 5, 3)):
        part = _batches(shapes_root, workers, skip, count)
        for left, right in zip(whole[2 * skip :], part, strict=True):
            assert left[0] == right[0]
            assert all(map(torch.equal, left[1:], right[1:]))
