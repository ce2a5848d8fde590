"""Any Mask2Former config with few channels and layers, and a batch for it."""

import copy

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import BitmapMasks
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from mmengine.structures import InstanceData, PixelData
from mmseg.structures import SegDataSample
from torch import nn

from mmremax.utils.config_edits import remove_pretrained
from tests.helpers.mask2former_fixture import shrink

CANVAS = (64, 64)


def small(config: Config) -> nn.Module:
    """Build the model with few channels and layers, on a canvas of 64."""
    remove_pretrained(config)
    model = copy.deepcopy(config.model)
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
    """Two images of 60 x 56; the second one without ground truth."""
    shape = (60, 56)
    masks = torch.zeros(2, *shape, dtype=torch.uint8)
    masks[0, 5:30, 5:40] = masks[1, 35:50, 10:50] = 1
    labels = torch.tensor([0, 3])
    meta = dict(
        img_shape=shape,
        ori_shape=shape,
        pad_shape=shape,
        scale_factor=(1.0, 1.0),
    )
    data_samples = []
    for count in (2, 0):
        seg_map = torch.full((1, *shape), 255)
        for label, mask in zip(labels[:count], masks, strict=False):
            seg_map[:, mask > 0] = label
        if semantic:
            sample = SegDataSample(
                metainfo=meta, gt_sem_seg=PixelData(data=seg_map)
            )
        else:
            sample = DetDataSample(
                metainfo=meta,
                gt_sem_seg=PixelData(sem_seg=seg_map),
                gt_instances=InstanceData(
                    labels=labels[:count],
                    bboxes=HorizontalBoxes(torch.zeros(count, 4)),
                    masks=BitmapMasks(masks[:count].numpy(), *shape),
                ),
            )
        data_samples.append(sample)
    images = [torch.randint(0, 255, (3, *shape), dtype=torch.uint8)] * 2
    return dict(inputs=images, data_samples=data_samples)
