"""Hooks that count: classes of model and data, discarded samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

COUNTS = {'thing': 'num_things_classes', 'stuff': 'num_stuff_classes'}


@HOOKS.register_module()
class ClassCountCheckHook(Hook):
    """Raises one error that names both sides where they disagree.

    A disagreement would otherwise show as a device-side assertion, or not
    at all. Models and data sets that state no counts are let through.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Check the training data, and the validation data with it."""
        self._check(runner, 'train_dataloader')
        if runner.val_loop is not None:
            self._check(runner, 'val_dataloader')

    def before_val(self, runner: Runner) -> None:
        """Check the validation data."""
        self._check(runner, 'val_dataloader')

    def before_test(self, runner: Runner) -> None:
        """Check the test data."""
        self._check(runner, 'test_dataloader')

    def _check(self, runner: Runner, loader: str) -> None:
        model = runner.model
        model = model.module if is_model_wrapper(model) else model
        head = getattr(model, 'panoptic_head', model)
        for dataset in leaf_datasets(getattr(runner, loader).dataset):
            for kind, key in COUNTS.items():
                in_model = getattr(head, key, None)
                names = dataset.metainfo.get(f'{kind}_classes')
                if in_model is None or names is None:
                    continue
                if len(names) != in_model:
                    raise ValueError(
                        f'model.{key} is {in_model}, but {loader}.dataset '
                        f'has {len(names)} {kind} classes in '
                        f'{dataset.ann_file}. Set model.{key} to '
                        f'{len(names)}, or point the data set at the '
                        'annotation file of the model (`--data-root`).'
                    )


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
    """Records ``train/discarded``: how many were replaced by another one.

    The number is of this process, from the start of the run; it goes on
    when the run is resumed. See ``FilterUnlabeledCrops`` and
    ``PanopticDataset.max_refetch``.
    """

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict, **_: Any
    ) -> None:
        """Add the batch's discards to the total."""
        hub = runner.message_hub
        total = hub.runtime_info.get('num_discarded', 0)
        for sample in data_batch['data_samples']:
            total += sample.get('num_discarded', 0)
        hub.update_info('num_discarded', total)
        hub.update_scalar('train/discarded', total)
