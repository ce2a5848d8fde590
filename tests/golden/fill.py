"""Fill our modules with the golden weights of the published names."""

from typing import TypeVar

from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor, nn

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
    state_dict = {
        convert_kmax_key(key.removeprefix(f'{prefix}.')): value
        for key, value in _values(load_case(case_id)['parameters']).items()
    }
    assert not misfits(state_dict, module.state_dict())
    module.double().eval()
    module.load_state_dict(state_dict, strict=False)
    return module


def golden_network(config: Config, name: str) -> nn.Module:
    """Build the detector of a config with the golden weights `name`.

    Returns:
        The model in float64, in eval mode, with gradients; nothing dropped.
    """
    init_default_scope('mmdet')
    config.model.backbone.pop('init_cfg', None)
    model = build_on_meta(config).to_empty(device='cpu')
    published = _values(manifest(name))
    state_dict = convert_kmax_state_dict(published)
    assert len(state_dict) == len(published), 'every key has its own name'
    assert not misfits(state_dict, model.state_dict())
    model.requires_grad_(True).double().eval()
    model.load_state_dict(state_dict)
    for module in model.modules():  # the reference run dropped nothing
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if hasattr(module, 'drop_prob'):
            module.drop_prob = 0.0
    return model


def _values(shapes: dict[str, list[int]]) -> dict[str, Tensor]:
    return {key: golden_fill(key, shape) for key, shape in shapes.items()}
