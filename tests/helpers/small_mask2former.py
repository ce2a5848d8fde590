"""Any Mask2Former config with few channels and layers, and a batch for it."""

import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from torch import nn

from mmremax.utils.config_edits import remove_pretrained
from tests.helpers.mask2former_fixture import (
    CANVAS,
    samples,
    semantic_samples,
    shrink,
)


def small(config: Config) -> nn.Module:
    """Change its config to few channels and layers, and build the model."""
    remove_pretrained(config)
    model = config.model
    semantic = 'decode_head' in model
    head = model.decode_head if semantic else model.panoptic_head
    channels = (8, 16, 32, 64)
    if model.backbone.type == 'ResNet':
        model.backbone.update(depth=18, base_channels=8, stem_channels=8)
    elif model.backbone.type == 'SwinTransformer':
        model.backbone.update(
            embed_dims=8, depths=(1,) * 4, num_heads=(1, 1, 2, 2)
        )
    else:  # small as it is
        channels = head.in_channels
    num_classes = len(head.loss_cls.class_weight) - 1
    shrink(head, num_classes, channels, width=32, num_layers=3)
    (head if semantic else model).train_cfg.num_points = 64
    if 'semantic_head' in head:
        head.semantic_head.channels = 16
    if semantic:
        model.data_preprocessor.size = CANVAS
    else:
        model.data_preprocessor.batch_augments[0].size = CANVAS
    return revert_sync_batchnorm(MODELS.build(model))


def batch_of(semantic: bool) -> dict:
    """Two images, the second one smaller and without ground truth."""
    make = semantic_samples if semantic else samples
    data_samples = make(empty=(1,))
    images = [
        torch.randint(0, 255, (3, *sample.img_shape), dtype=torch.uint8)
        for sample in data_samples
    ]
    return dict(inputs=images, data_samples=data_samples)
