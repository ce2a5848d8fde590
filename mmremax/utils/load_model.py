"""Builds a model from config and checkpoint, to look at its predictions."""

from __future__ import annotations

import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.model.utils import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from torch import nn

from mmremax_runtime.errors import InputError

from .checkpoint import check_weights, state_dict_of
from .class_meta import class_meta
from .config_edits import remove_pretrained
from .config_keys import check_values, require
from .safe_loading import load_checkpoint, safe_loading


@safe_loading()  # parts and data sets may load files when they are made
def load_model(cfg: Config, checkpoint: str, device: str) -> nn.Module:
    """Build the config's detector with a checkpoint's weights, for testing.

    mmdet's `init_detector` loads what fits and warns about the rest, so a
    wrong file gives a random model; here it is an error.

    Returns:
        The detector in evaluation mode, with `cfg` and `dataset_meta`
        (`classes`, `palette`) as attributes.

    Raises:
        FileNotFoundError: There is no such checkpoint.
        RuntimeError: It cannot be read or does not fit the config.
        ValueError: The config's model predicts no segments, its classes
            have no names, or the device cannot be used.
    """
    check_values(cfg)
    require(cfg, 'model')
    check_device(device)
    if 'panoptic_fusion_head' not in cfg.model:
        raise ValueError(f'{cfg.model.type} is no panoptic model.')
    content = load_checkpoint(checkpoint, 'cpu')
    remove_pretrained(cfg)
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    model = revert_sync_batchnorm(MODELS.build(cfg.model))
    check_weights(model, checkpoint)
    model.load_state_dict(state_dict_of(content), strict=False)
    num_classes = model.panoptic_fusion_head.num_classes
    meta = content.get('meta', {}).get('dataset_meta')
    model.dataset_meta = class_meta(meta, num_classes, cfg)
    model.cfg = cfg
    return model.to(device).eval()


def check_device(name: str) -> None:
    """Refuse a device that this torch does not know or reach."""
    try:
        torch.zeros(1, device=name).item()
    except (AssertionError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f'The device {name!r} cannot be used: {reason}'
        ) from error
