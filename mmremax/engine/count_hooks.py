"""Counts what training leaves out; what hooks ask of models and data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from torch import nn


def leaf_datasets(dataset) -> Iterator:
    """Find the data sets that read files inside concatenation and repeats."""
    if hasattr(dataset, 'datasets'):
        for part in dataset.datasets:
            yield from leaf_datasets(part)
    elif hasattr(dataset, 'dataset'):
        yield from leaf_datasets(dataset.dataset)
    elif hasattr(dataset, 'metainfo'):
        yield dataset


@HOOKS.register_module()
class DiscardCountHook(Hook):
    """Counts what training leaves out.

    ``train/discarded`` is the number of samples that were replaced by another
    one; see ``FilterUnlabeledCrops`` and ``PanopticDataset.max_refetch``.
    ``train/without_query``, there once it is not 0, is that of the segments
    beyond the number of queries: matching leaves out those that fit worst,
    and their pixels count as void. The first image with such is named in a
    warning. (Of mmdet's samples things alone are counted.)
    ``train/off_grid`` is the percentage of the segments in the crops that are
    too small for the label grid (every fourth pixel): none of its locations
    shows them, so that they are not learnt; larger images keep more.

    Numbers are of this process, from the start of the run; they go on when
    it is resumed.
    """

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict, **_: Any
    ) -> None:
        """Add those of the batch to the totals."""
        samples = data_batch['data_samples']
        discarded = sum(sample.get('num_discarded', 0) for sample in samples)
        self._add(runner, 'discarded', discarded)
        self._count_off_grid(runner, samples)
        num_queries = getattr(head_of(runner.model), 'num_queries', None)
        if num_queries is None:
            return
        totals = runner.message_hub.runtime_info
        for sample in samples:
            number = num_segments(sample)
            if number <= num_queries:
                continue
            if 'num_without_query' not in totals:
                runner.logger.warning(
                    f'{sample.img_path} shows {number} segments, the model '
                    f'has {num_queries} queries: {number - num_queries} of '
                    'them, those that fit worst, are not learnt in this step. '
                    'Raise num_queries of the model if this is frequent; '
                    'train/without_query counts such segments.'
                )
            self._add(runner, 'without_query', number - num_queries)

    @staticmethod
    def _count_off_grid(runner: Runner, samples: list) -> None:
        hub = runner.message_hub
        counted = [s for s in samples if 'num_off_grid' in s]
        lost, all_ = hub.runtime_info.get('num_off_grid', (0, 0))
        lost += sum(s.num_off_grid for s in counted)
        all_ += sum(s.num_off_grid + num_segments(s) for s in counted)
        if counted and all_:
            hub.update_info('num_off_grid', (lost, all_))
            hub.update_scalar('train/off_grid', 100 * lost / all_)

    @staticmethod
    def _add(runner: Runner, name: str, number: int) -> None:
        hub = runner.message_hub
        total = hub.runtime_info.get(f'num_{name}', 0) + number
        hub.update_info(f'num_{name}', total)
        hub.update_scalar(f'train/{name}', total)


def num_segments(sample: BaseDataElement) -> int:
    """Count the segments of a training sample, of mmdet's its things."""
    for name in ('gt_segments', 'gt_instances'):
        if name in sample:
            return len(sample.get(name).labels)
    return 0


def head_of(model: nn.Module) -> nn.Module:
    """Find what states the numbers of classes and queries."""
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    return getattr(model, 'panoptic_head', model)
