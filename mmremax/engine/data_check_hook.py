"""Compares model, weights and data before the first image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmdet.registry import HOOKS
from mmengine.dist import all_gather_object
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmremax.utils.class_meta import GUESS, class_difference
from mmremax_runtime.errors import InputError

from .count_hooks import head_of, leaf_datasets

COUNTS = {'thing': 'num_things_classes', 'stuff': 'num_stuff_classes'}


@HOOKS.register_module()
class ClassCountCheckHook(Hook):
    """Raises one error that names both sides where they disagree.

    Compared are the numbers of classes of model and data; the names and order
    of the classes of training data, their parts, validation data and, in a
    test or a resumed run, the data that the weights were trained on; and what
    the processes of a run read. What is to be scored needs a ground truth,
    and PNGs whose headers are right. A disagreement would otherwise show as a
    low score, or not at all. What states nothing is let through.
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
        compare_ranks(loader, parts)
        found = []
        for part in parts:
            check_counts(head_of(runner.model), part, loader)
            name = f'{loader}.dataset ({getattr(part, "ann_file", "")})'
            found.append((name, part.metainfo))
            compare(*found[0], *found[-1])
            if stage is not None:
                check_scored(part, getattr(runner, f'{stage}_loop').evaluator)
        return found


def check_counts(head: Any, dataset: Any, loader: str) -> None:
    """Compare the numbers of classes of model and data."""
    for kind, key in COUNTS.items():
        in_model = getattr(head, key, None)
        names = dataset.metainfo.get(f'{kind}_classes')
        if in_model is None or names is None:
            continue
        if len(names) != in_model:
            raise InputError(
                f'model.{key} is {in_model}, but {loader}.dataset has '
                f'{len(names)} {kind} classes in {dataset.ann_file}. Set '
                f'model.{key} to {len(names)}, or point the data set at the '
                'annotation file of the model (`--data-root`).'
            )


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


def compare_ranks(loader: str, parts: list) -> None:
    """Raise an InputError unless all processes read the same."""
    own = [(len(part), getattr(part, 'digest', None)) for part in parts]
    found = all_gather_object(own)
    for rank, other in enumerate(found):
        if other != found[0]:
            numbers = [sum(size for size, _ in f) for f in (found[0], other)]
            raise InputError(
                f'{loader}: process 0 reads {numbers[0]} images, process '
                f'{rank} reads {numbers[1]}, of other annotation files: give '
                'all machines the same copy of the data.'
            )


def check_scored(dataset: Any, evaluator: Any) -> None:
    """Raise an InputError if a data set cannot be scored."""
    if not hasattr(dataset, 'check_files'):
        return
    for metric in evaluator.metrics:
        if hasattr(metric, 'check_data'):
            metric.check_data(dataset)
    dataset.check_files()
