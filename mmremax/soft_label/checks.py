"""Compares pipeline and heads that train on soft labels, before a step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from mmremax.engine.count_hooks import leaf_datasets
from mmremax.engine.gradient_hooks import NonFiniteError
from mmremax.engine.prediction_guard import PredictionGuard

from .heads import SoftLabelLossMixin
from .transforms import PackSoftSegInputs, SoftLabelResize

# What mmseg's transforms do to fractions, and the remedy.
_REFUSED = dict(
    RandomRotate='fills fractions with 255',
    RandomCutOut='cuts the image and the hard labels alone',
    RandomMosaic='knows the hard labels alone',
    RandomRotFlip='interpolates fractions with 255 outside',
    Albu='knows the hard labels alone',
    Pad='pads the hard labels alone; the preprocessor pads both',
    Resize='resizes fractions by the nearest pixel: put it before, or use '
    'its soft namesake once',
    ResizeToMultiple='resizes fractions by the nearest pixel',
    ResizeShortestEdge='resizes fractions by the nearest pixel',
)


@HOOKS.register_module()
class SoftLabelCheckHook(PredictionGuard, Hook):
    """Raises one error where pipeline and heads do not fit.

    And where predictions are not finite.

    Without it some mistakes train silently: mmseg's transforms do not know
    `gt_soft_seg`, and its heads and losses do not read it.
    """

    priority = 'VERY_HIGH'
    error = NonFiniteError

    def before_train(self, runner: Runner) -> None:
        """Check the training data and the model."""
        model = runner.model
        model = model.module if is_model_wrapper(model) else model
        soft = False
        for dataset in leaf_datasets(runner.train_dataloader.dataset):
            soft |= check_pipeline(dataset.pipeline.transforms)
        if soft:
            check_model(model)


def check_pipeline(transforms: Iterable) -> bool:
    """Check built transforms; return whether they make soft labels."""
    soft = packed = False
    for transform in _flattened(transforms):
        name = type(transform).__name__
        if isinstance(transform, SoftLabelResize):
            soft = True
        elif isinstance(transform, PackSoftSegInputs):
            packed = True
        elif soft and name in _REFUSED:
            raise ValueError(
                f'{name} after soft labels {_REFUSED[name]}: remove it from '
                'the pipeline, or move it before the softening if it can be.'
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
    """Check that every training head of a segmentor reads soft labels."""
    for path, head in _heads(model):
        name = type(head).__name__
        if not isinstance(head, SoftLabelLossMixin):
            raise ValueError(
                f'The data has soft labels, which {path} ({name}) does not '
                f"read: set its type to 'Soft{name}'; SoftLabelLossMixin "
                'makes one of a head that has none (docs/soft_labels.md).'
            )
        if not any(getattr(m, 'soft_target', False) for m in head.modules()):
            raise ValueError(
                f'The data has soft labels, but no loss of {path} reads '
                "them: set loss_decode=dict(type='SoftCrossEntropyLoss')."
            )


def _heads(model: Any) -> Iterator[tuple[str, Any]]:
    """Yield the training heads of a segmentor with their names."""
    for path in ('decode_head', 'auxiliary_head'):
        head = getattr(model, path, None) or []
        heads = head if hasattr(head, '__iter__') else [head]
        for i, part in enumerate(heads):
            yield (f'{path}[{i}]' if len(heads) > 1 else path), part


def _flattened(transforms: Iterable) -> Iterator[Any]:
    """Yield transforms, also those inside RandomResize, RandomApply, ..."""
    for transform in transforms:
        if hasattr(transform, 'transforms'):
            inner = transform.transforms  # a list, or a Compose
            yield from _flattened(getattr(inner, 'transforms', inner))
        elif hasattr(transform, 'resize'):
            yield transform.resize
        else:
            yield transform
