"""Parts of a step and made images, by hand."""

from types import SimpleNamespace

import pytest
import torch

from mmremax.engine import measure
from mmremax.engine.measure import (
    Stopwatch,
    synthetic_batch,
    synthetic_logits,
)


def test_a_part_inside_another_is_not_counted_twice(monkeypatch):
    clock = SimpleNamespace(now=0.0)

    def wait(seconds: float) -> str:
        clock.now += seconds
        return 'done'

    monkeypatch.setattr(measure, 'perf_counter', lambda: clock.now)
    monkeypatch.setattr(measure, 'process_time', lambda: 2 * clock.now)
    watch, job = Stopwatch(torch.device('cpu')), SimpleNamespace(wait=wait)
    watch.watch(job, 'wait', 'inner')
    with watch.part('outer'):
        clock.now += 1
        assert job.wait(4) == 'done'
        job.wait(8)
    with watch.part('outer'):
        clock.now += 16
    spent = {name: [*map(tuple, pairs)] for name, pairs in watch.spent.items()}
    assert spent == {'outer': [(1, 2), (16, 32)], 'inner': [(4, 8), (8, 16)]}
    assert list(spent) == ['outer', 'inner']


@pytest.mark.parametrize(('stride', 'grid'), [(4, (17, 25)), (2, (33, 49))])
def test_batches_follow_the_data_contract(stride, grid):
    batch = synthetic_batch(2, (65, 97), 12, (3, 4), stride)
    assert len(batch['inputs']) == 2
    for image, sample in zip(*batch.values(), strict=True):
        assert image.shape == (3, 65, 97)
        assert image.dtype == torch.uint8
        labels = sample.gt_segments.labels
        assert len(labels) == 12
        stuff = labels[labels >= 3]
        assert len(stuff) == len(set(stuff.tolist())) == 4
        segment_map = sample.gt_segment_map.data
        assert segment_map.shape == (1, *grid)
        assert segment_map.dtype == torch.int16
        assert segment_map.unique().tolist() == [*range(12)]
    # A batch to test on keeps the aspect.
    batch = synthetic_batch(1, (129, 129), 5, (3, 4), ori_shape=(60, 120))
    (sample,) = batch['data_samples']
    assert batch['inputs'][0].shape == (3, 64, 129)
    assert sample.ori_shape == (60, 120)
    assert 'gt_segments' not in sample


def test_synthetic_logits_are_confident_about_each_segment():
    class_logits, mask_logits = synthetic_logits(
        torch.rand(2, 8, 8), torch.rand(2, 8, 16, 16), 5, (3, 4)
    )
    assert class_logits.shape == (2, 8, 8)
    is_no_object = class_logits.argmax(-1) == 7
    assert is_no_object.tolist() == [[False] * 5 + [True] * 3] * 2
    assert sorted(mask_logits[0].argmax(0).unique().tolist()) == [*range(5)]


def test_synthetic_stuff_is_drawn_from_all_classes():
    class_logits, _ = synthetic_logits(
        torch.rand(8, 4, 12), torch.rand(8, 4, 3, 3), 2, (1, 10)
    )
    assert len(class_logits.argmax(-1)[:, 1].unique()) > 2
