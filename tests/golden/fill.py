"""Fill our modules with the golden weights of the published names."""

from collections.abc import Mapping
from typing import TypeVar

from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn

import mmremax  # noqa: F401 (registers the components)
from mmremax.kmax.published_weights import (
    convert_kmax_key,
    convert_kmax_state_dict,
)
from mmremax.utils.checkpoint import misfits
from tests.helpers.meta import build_on_meta

from . import golden_fill, load_case, manifest

Module = TypeVar('Module', bound=nn.Module)


def fill_module(module: Module, case_id: str, prefix: str) -> Module:
    """Fill one block from the `parameters` of a case.

    Args:
        module: Our block.
        case_id: Case whose `parameters` list the published names.
        prefix: First part of those names, which only counts for the values.

    Returns:
        The same module in float64, in eval mode.
    """
    shapes: Mapping = load_case(case_id)['parameters']
    state_dict = {
        convert_kmax_key(key.removeprefix(f'{prefix}.')): golden_fill(
            key, shape
        )
        for key, shape in shapes.items()
    }
    assert not misfits(state_dict, module.state_dict())
    module.double().eval()
    module.load_state_dict(state_dict, strict=False)
    return module


def fill_model(model: Module, name: str = 'coco_r50') -> Module:
    """Fill a whole detector from the published manifest `name`.

    Args:
        model: With `backbone` and `panoptic_head`.
        name: See `tests.golden.manifest`.

    Returns:
        The same model in float64, in eval mode.
    """
    state_dict = convert_kmax_state_dict(
        {key: golden_fill(key, shape) for key, shape in manifest(name).items()}
    )
    assert not misfits(state_dict, model.state_dict())
    model.double().eval()
    model.load_state_dict(state_dict)
    return model


def golden_network(config: Config, name: str = 'coco_r50') -> nn.Module:
    """Build the detector of a config with the golden weights.

    Args:
        config: A file of configs/.
        name: See `tests.golden.manifest`.

    Returns:
        The model in float64, in eval mode, with gradients.
    """
    init_default_scope('mmdet')
    config.model.backbone.pop('init_cfg', None)
    model = build_on_meta(config).to_empty(device='cpu')
    return fill_model(model.requires_grad_(True), name)
