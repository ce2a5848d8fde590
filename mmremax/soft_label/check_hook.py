"""Compares the parts that train on soft labels, before a step runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from mmremax.engine.hooks.class_count_check_hook import leaf_datasets

from .data_preprocessor import SoftSegDataPreProcessor
from .formatting import PackSoftSegInputs
from .loss_mixin import SoftLabelLossMixin
from .transforms import (
    SoftLabelFromHiRes,
    SoftLabelResize,
)

_SOFTENERS = (SoftLabelResize, SoftLabelFromHiRes)
# What mmseg's transforms do to fractions, and the remedy.
_REFUSED = dict(
    RandomRotate='fills fractions with 255',
    RandomCutOut='cuts the image and the hard labels alone',
    RandomMosaic='knows the hard labels alone',
    RandomRotFlip='interpolates fractions with 255 outside',
    Albu='knows the hard labels alone',
    Pad='pads the hard labels alone; SoftSegDataPreProcessor pads both',
    Resize='resizes fractions by the nearest pixel: put it before, or use '
    'its soft namesake once',
    ResizeToMultiple='resizes fractions by the nearest pixel',
    ResizeShortestEdge='resizes fractions by the nearest pixel',
)


@HOOKS.register_module()
class SoftLabelCheckHook(Hook):
    """Raises one error where pipeline, preprocessor and heads do not fit.

    Without it some mistakes train silently: mmseg's transforms do not know
    `gt_soft_seg`, and its heads and losses do not read it.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Check the training data and the model.

        Raises:
            ValueError: They do not fit; the message names the remedy.
        """
        model = runner.model
        model = model.module if is_model_wrapper(model) else model
        soft = False
        for dataset in leaf_datasets(runner.train_dataloader.dataset):
            soft |= check_pipeline(dataset.pipeline.transforms)
        if soft:
            check_model(model)


def check_pipeline(transforms: Iterable) -> bool:
    """Check the transforms of a training pipeline.

    Args:
        transforms: Built, in order.

    Returns:
        Whether the pipeline makes soft labels.

    Raises:
        ValueError: A transform behind the softening does not know soft
            labels, or they are not packed.
    """
    soft = packed = False
    for transform in _flattened(transforms):
        name = type(transform).__name__
        if isinstance(transform, _SOFTENERS):
            soft = True
        elif isinstance(transform, PackSoftSegInputs):
            packed = True
        elif soft and name in _REFUSED:
            raise ValueError(
                f'{name} behind soft labels {_REFUSED[name]}: remove it from '
                'the pipeline, or move it in front of the softening if it '
                'can.'
            )
        elif soft and getattr(transform, 'swap_seg_labels', None):
            raise ValueError(
                f'{name}(swap_seg_labels=...) swaps values, and of soft '
                'labels channels have to be swapped: remove it.'
            )
    if soft and not packed:
        raise ValueError(
            'The pipeline makes soft labels but packs none: end it in '
            'PackSoftSegInputs instead of PackSegInputs.'
        )
    return soft


def check_model(model: Any) -> None:
    """Check that a model reads and pads soft labels.

    Args:
        model: A segmentor of mmseg.

    Raises:
        ValueError: The preprocessor or a head is mmseg's own.
    """
    if not isinstance(model.data_preprocessor, SoftSegDataPreProcessor):
        raise ValueError(
            'The data has soft labels, which '
            f'{type(model.data_preprocessor).__name__} does not pad: set '
            "model.data_preprocessor.type to 'SoftSegDataPreProcessor'."
        )
    for path, head in _heads(model):
        name = type(head).__name__
        if not isinstance(head, SoftLabelLossMixin):
            raise ValueError(
                f'The data has soft labels, which {path} ({name}) does not '
                f"read: set its type to 'Soft{name}' (SoftLabelLossMixin "
                'makes one of another head).'
            )
        if not any(getattr(m, 'soft_target', False) for m in head.modules()):
            raise ValueError(
                f'The data has soft labels, but no loss of {path} reads '
                "them: set loss_decode=dict(type='SoftCrossEntropyLoss')."
            )


def _heads(model: Any) -> Iterator[tuple[str, Any]]:
    """Yield the training heads of a segmentor with their names."""
    for path in ('decode_head', 'auxiliary_head'):
        head = getattr(model, path, None)
        if head is None:
            continue
        heads = head if hasattr(head, '__iter__') else [head]
        for i, part in enumerate(heads):
            yield (f'{path}[{i}]' if len(heads) > 1 else path), part


def _flattened(transforms: Iterable) -> Iterator[Any]:
    """Yield transforms, also those inside RandomResize, RandomApply, ..."""
    for transform in transforms:
        inner = getattr(transform, 'transforms', None)
        if inner is None and hasattr(transform, 'resize'):
            inner = [transform.resize]
        if inner is None:
            yield transform
        elif hasattr(inner, 'transforms'):  # a Compose
            yield from _flattened(inner.transforms)
        else:
            yield from _flattened(inner)
