"""Small models of the tests."""

from __future__ import annotations

import copy
from pathlib import Path

from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor, nn

import mmremax  # noqa: F401 (registers the components)

CONFIGS = Path(__file__).parents[2] / 'configs'
SMALL = dict(
    num_things_classes=3,
    num_stuff_classes=2,
    data_preprocessor=dict(crop_size=(65, 65)),
    backbone=dict(
        type='mmpretrain.ResNet', depth=18, base_channels=8, stem_channels=8
    ),
    panoptic_head=dict(
        pixel_decoder=dict(
            in_channels=(8, 16, 32, 64),
            base_channels=(16, 8, 8, 8),
            num_blocks=(1, 1, 1, 1),
        ),
        transformer_decoder=dict(
            num_queries=12,
            num_layers=(1, 1, 1),
            embed_dims=32,
            pixel_embed_dims=16,
            ffn_channels=64,
            drop_path_rate=0.0,
        ),
        auxiliary_semantic_head=dict(channels=16, low_level_channels=(8, 8)),
        loss_insdis=dict(num_samples=64),
        loss_aux_semantic=dict(num_samples=64),
    ),
)
SMALL_BRANCH = dict(channels=16, loss_semantic=dict(num_samples=64))


def build_model(
    with_remax: bool = False,
    small: bool = True,
    without: tuple[str, ...] = (),
    test_cfg: dict | None = None,
    **head: object,
) -> nn.Module:
    """Build the base model without weights to fetch.

    Args:
        with_remax: Lay the overlay over it.
        small: Narrow, of few layers and classes.
        without: Keys that its head loses.
        test_cfg: Keys to change.
        head: Keys of the head to change.
    """
    init_default_scope('mmdet')
    config = Config.fromfile(CONFIGS / '_base_/models/kmax_r50.py')
    config.model.backbone.pop('init_cfg')
    if with_remax:
        overlay = Config.fromfile(CONFIGS / '_base_/overlays/remax.py')
        config.merge_from_dict(dict(model=overlay.remax.to_dict()))
    if small:
        config.merge_from_dict(dict(model=copy.deepcopy(SMALL)))
        if with_remax:
            branch = dict(semantic_head=SMALL_BRANCH)
            config.merge_from_dict(dict(model=dict(panoptic_head=branch)))
    for key in without:
        config.model.panoptic_head.pop(key)
    changes = dict(panoptic_head=head, test_cfg=test_cfg or {})
    config.merge_from_dict(dict(model=changes))
    return MODELS.build(config.model)


def assert_trains(module: nn.Module, losses: dict[str, Tensor]) -> None:
    """Finite losses, and a finite gradient of every trained parameter."""
    for key, value in losses.items():
        assert value.isfinite().all(), key
    sum(value for key, value in losses.items() if 'loss' in key).backward()
    assert_gradients(module)


def assert_gradients(module: nn.Module) -> None:
    """Every parameter that is trained has a finite gradient."""
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name
