"""Compares the weights of a checkpoint with those of a model."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from io import BytesIO
from pathlib import Path

import torch
from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import Tensor, nn

from mmremax_runtime.files import write_files

from . import half_weights
from .fetched_weights import CheckpointError
from .safe_loading import load_checkpoint

# Branches that exist for the training losses alone: kMaX's auxiliary
# semantic branch and ReMaX's. Nothing at inference reads them.
TRAINING_ONLY_PREFIXES = (
    'panoptic_head.auxiliary_semantic_head.',
    'panoptic_head.semantic_head.',
)
MAX_NAMES = 8  # keys of one kind that an error lists


def is_training_only(key: str) -> bool:
    """Tell whether a parameter or buffer is unused at inference."""
    return key.startswith(TRAINING_ONLY_PREFIXES)


def state_dict_of(content: Mapping) -> dict[str, Tensor]:
    """Take the weights out of what a checkpoint holds, unwrapped."""
    weights = content.get('state_dict', content)
    return {k.removeprefix('module.'): v for k, v in weights.items()}


def misfits(
    weights: Mapping[str, Tensor],
    wanted: Mapping[str, Tensor],
    optional: Collection[str] = (),
) -> str:
    """Compare weights with those of a model.

    Args:
        weights: Those of a file.
        wanted: Those of the model.
        optional: Keys that either side may lack, besides step counters.

    Returns:
        Sentences that name what is missing, unknown or of another shape;
        empty if the weights fit.
    """
    problems = {
        'Missing keys': [
            key
            for key in wanted.keys() - weights.keys() - set(optional)
            if not key.endswith('num_batches_tracked')
        ],
        'Unknown keys': weights.keys() - wanted.keys() - set(optional),
        'Wrong shapes': wrong_shapes(weights, wanted),
    }
    return ' '.join(
        f'{title}: {some(names)}.'
        for title, names in problems.items()
        if names
    )


def wrong_shapes(
    weights: Mapping[str, Tensor], wanted: Mapping[str, Tensor]
) -> list[str]:
    """Name the weights that a model has in another shape."""
    return [
        f'{key} {tuple(weights[key].shape)} instead of '
        f'{tuple(wanted[key].shape)}'
        for key in wanted.keys() & weights.keys()
        if wanted[key].shape != weights[key].shape
    ]


def unwrapped(model: nn.Module) -> nn.Module:
    """Take the model out of those that distribute it or augment its tests."""
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    return model


def check_shapes(model: nn.Module, content: Mapping, source: str) -> None:
    """Refuse weights to start from that are of another shape, or model.

    mmengine only warns, and leaves the model's random ones. Some may be
    missing, some unknown.

    Args:
        model: Wrapped or not.
        content: Of the checkpoint.
        source: Where it is from, for the error.
    """
    weights = state_dict_of(content)
    wanted = unwrapped(model).state_dict()
    if not weights.keys() & wanted.keys():
        raise CheckpointError(
            f'The checkpoint {source} has none of the weights of the model: '
            f'it has {some(weights) or "none"}, the model {some(wanted)}. '
            'Weights of a backbone are given as '
            'model.backbone.init_cfg.checkpoint=FILE.'
        )
    if names := wrong_shapes(weights, wanted):
        raise CheckpointError(
            f'The checkpoint {source} does not fit the model. Wrong shapes: '
            f'{some(names)}. To start these anew, as for other classes, leave '
            'them out: python tools/model_converters/strip_checkpoint.py '
            f'{source} OUT --drop PATTERN, and load OUT.'
        )


def check_weights(
    model: nn.Module, source: str | Path, may_be_stripped: bool = True
) -> None:
    """Refuse a checkpoint that is not of a model.

    mmengine only warns of missing weights, and then scores random ones.

    Args:
        model: Wrapped or not.
        source: File or URL.
        may_be_stripped: Whether it may lack the training-only branches.

    Raises:
        CheckpointError: The checkpoint does not fit, or cannot be read.
    """
    weights = state_dict_of(load_checkpoint(source, 'meta'))
    wanted = unwrapped(model).state_dict()
    known = weights.keys() | (wanted.keys() if may_be_stripped else set())
    if problems := misfits(
        weights, wanted, optional=set(filter(is_training_only, known))
    ):
        raise CheckpointError(
            f'The checkpoint {source} does not fit the config. {problems} '
            'Give the config it was trained with; convert published '
            'kMaX-DeepLab weights with '
            'tools/model_converters/kmax_to_mmremax.py first.'
        )


def save_checkpoint(checkpoint: Mapping, path: str | Path) -> None:
    """Write a checkpoint in one step, in the format of the path's ending."""
    if Path(path).suffix == half_weights.SUFFIX:
        content = half_weights.pack(checkpoint)
    else:
        buffer = BytesIO()
        torch.save(checkpoint, buffer)
        content = buffer.getvalue()
    with write_files(path) as (part,):
        part.write_bytes(content)


def some(names: Iterable[str]) -> str:
    """List the first names and count the others."""
    names = sorted(names)
    left = len(names) - MAX_NAMES
    shown = ', '.join(names[:MAX_NAMES])
    return f'{shown} and {left} more' if left > 0 else shown
