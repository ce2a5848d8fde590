"""Compares model, weights and data before the first image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmdet.registry import HOOKS
from mmengine.dist import all_gather_object
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from mmremax.utils.checkpoint import unwrapped
from mmremax.utils.class_meta import GUESS, class_difference
from mmremax.utils.constants import IGNORE
from mmremax_runtime.errors import InputError

from .continuation import describe_data, differences, settings_of
from .count_hooks import head_of, leaf_datasets

COUNTS = {'thing': 'num_things_classes', 'stuff': 'num_stuff_classes'}


@HOOKS.register_module()
class ClassCountCheckHook(Hook):
    """Raises one error that names both sides where they disagree.

    Compared are the numbers of classes of model and data; the names and order
    of the classes of training data, their parts, validation data and, in a
    test or a resumed run, the data that the weights were trained on; and the
    data and settings of the processes of a run. What is to be scored needs a
    ground truth, and PNGs whose headers are right. The labels of mmseg's
    maps, which have no table, are looked at image by image. A disagreement
    would otherwise show as a low score, or not at all. What states nothing
    is let through.
    """

    priority = 'VERY_HIGH'
    trained_on: Mapping | None = None
    is_training = False

    def after_load_checkpoint(
        self, runner: Runner, checkpoint: Mapping
    ) -> None:
        """Keep the classes of the weights."""
        meta = (checkpoint.get('meta') or {}).get('dataset_meta')
        if isinstance(meta, Mapping) and meta.get('classes') != GUESS:
            self.trained_on = meta

    def before_train(self, runner: Runner) -> None:
        """Check the training data, and the validation data with it."""
        self.is_training = True
        found = self._check(runner, 'train_dataloader')
        if self.trained_on is not None and runner._resume:
            compare('the run that is resumed', self.trained_on, *found[0])
        if runner.val_loop is not None:
            for name, meta in self._check(runner, 'val_dataloader', 'val'):
                compare(found[0][0], found[0][1], name, meta)

    def before_val(self, runner: Runner) -> None:
        """Check the validation data; with training they were."""
        if not self.is_training:
            self._check_scored(runner, 'val')

    def before_test(self, runner: Runner) -> None:
        """Check the test data."""
        self._check_scored(runner, 'test')

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Check the labels of mmseg's maps."""
        check_labels(runner.model, data_batch)

    before_val_iter = before_test_iter = before_train_iter

    def _check_scored(self, runner: Runner, stage: str) -> None:
        for name, meta in self._check(runner, f'{stage}_dataloader', stage):
            if self.trained_on is not None:
                compare('the checkpoint', self.trained_on, name, meta)

    def _check(
        self, runner: Runner, loader: str, stage: str | None = None
    ) -> list[tuple[str, Mapping]]:
        """Check the data of a loader; return names and metainfo of its parts.

        Those of a `stage` are scored by its evaluator.
        """
        dataset = (
            runner.train_dataloader
            if stage is None
            else getattr(runner, f'{stage}_loop').dataloader
        ).dataset
        parts = list(leaf_datasets(dataset))
        compare_ranks(loader, dataset, settings_of(runner.cfg))
        found = []
        for part in parts:
            check_counts(runner.model, part, loader)
            name = f'{loader}.dataset ({getattr(part, "ann_file", "")})'
            found.append((name, part.metainfo))
            compare(*found[0], *found[-1])
            if stage is not None:
                check_scored(part, getattr(runner, f'{stage}_loop').evaluator)
        return found


def check_counts(model: nn.Module, dataset: Any, loader: str) -> None:
    """Compare the numbers of classes of model and data."""
    head, meta = head_of(model), dataset.metainfo
    counts = [
        (f'model.{key}', getattr(head, key, None), kind, f'{kind}_classes')
        for kind, key in COUNTS.items()
    ]
    semantic = getattr(semantic_head(model), 'num_classes', None)
    name = 'model.decode_head.num_classes'
    for key, number, kind, names in (
        *counts,
        (name, semantic, 'semantic', 'classes'),
    ):
        if number is None or meta.get(names) is None:
            continue
        if (found := len(meta[names])) != number:
            raise InputError(
                f'{key} is {number}, but {loader}.dataset has {found} {kind} '
                f'classes{_in_file(dataset)}. Set {key} to {found}, or give '
                'the data of the model (`--data-root`).'
            )


def semantic_head(model: nn.Module) -> nn.Module | None:
    """Find the head of a segmentor of mmseg, of a cascade the last one."""
    head = getattr(unwrapped(model), 'decode_head', None)
    return head[-1] if isinstance(head, nn.ModuleList) else head


def check_labels(model: nn.Module, batch: Any) -> None:
    """Raise an InputError for a label that a segmentor has no class for.

    On the CPU the loss would end without the image's name, on a GPU with an
    assertion of CUDA's; a score would count it as wrong, whatever is
    predicted.
    """
    number = getattr(semantic_head(model), 'num_classes', None)
    if number is None:
        return
    for sample in batch['data_samples']:
        if 'gt_sem_seg' not in sample:
            continue
        labels = sample.gt_sem_seg.data
        if (
            strange := labels[(labels >= number) & (labels != IGNORE)]
        ).numel():
            raise InputError(
                f'{sample.get("seg_map_path")} has the label '
                f'{int(strange[0])}, but the model {number} classes, from 0, '
                f'and {IGNORE} is unlabelled. Write the maps with the labels '
                'of the classes, or map them: reduce_zero_label, or '
                'metainfo.classes of the data set.'
            )


def _in_file(dataset: Any) -> str:
    path = getattr(dataset, 'ann_file', '')
    return f' in {path}' if path else ''


def compare(first: str, one: Mapping, second: str, two: Mapping) -> None:
    """Raise an InputError unless two metainfos have the same classes."""
    both = all(
        meta.get('classes') or meta.get('thing_classes') for meta in (one, two)
    )
    if both and (text := class_difference(one, two)):
        raise InputError(
            f'{second} has not the classes of {first}: {text}. A label is a '
            'place in the list of classes: take data and weights that belong '
            'together (`--data-root`).'
        )


def compare_ranks(loader: str, dataset: Any, settings: dict[str, str]) -> None:
    """Raise an InputError unless all processes of a run do the same.

    Args:
        loader: Name of a data loader.
        dataset: Of this loader.
        settings: Of the run.
    """
    digests = [getattr(part, 'digest', '') for part in leaf_datasets(dataset)]
    data = {f'{loader}.dataset': describe_data(dataset)}
    data[f'the content of its ann_file ({loader})'] = ' '.join(digests)
    found = all_gather_object(data | settings)
    for rank, other in enumerate(found):
        if text := differences(found[0], other, 'rank 0', f'rank {rank}'):
            raise InputError(
                f'The processes of this run differ: {text}. Every machine '
                'needs the same config and data.'
            )


def check_scored(dataset: Any, evaluator: Any) -> None:
    """Raise an InputError if a data set cannot be scored."""
    if not hasattr(dataset, 'check_files'):
        return
    for metric in evaluator.metrics:
        if hasattr(metric, 'check_data'):
            metric.check_data(dataset)
    dataset.check_files()
