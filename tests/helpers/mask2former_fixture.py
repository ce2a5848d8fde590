"""Tiny Mask2Former heads and models, with features and samples."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import BitmapMasks
from mmengine.config import Config, ConfigDict
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData
from mmseg.structures import SegDataSample
from torch import Tensor

from mmremax.utils.config_edits import remove_pretrained
from mmremax.utils.migration import read_config
from tests.helpers.model_fixture import CONFIGS

CANVAS = (64, 96)
THINGS, STUFF = 3, 2
SEMANTIC_LOSS = dict(type='SemanticLoss', num_samples=0, loss_weight=0.5)
REMAX = dict(
    mask_loss=dict(type='ReMaskLoss'),
    semantic_head=dict(
        type='SemanticAuxHead', channels=8, loss_semantic=SEMANTIC_LOSS
    ),
)


def shrink(
    head: ConfigDict,
    num_classes: int,
    in_channels: Sequence[int],
    width: int,
    num_layers: int | None = None,
) -> None:
    """Give a Mask2Former head's config few channels, layers and points."""
    head.update(
        in_channels=list(in_channels),
        feat_channels=width,
        out_channels=width,
        positional_encoding=dict(num_feats=width // 2, normalize=True),
    )
    head.loss_cls.class_weight = [1.0] * num_classes + [0.1]
    if 'train_cfg' in head:
        head.train_cfg.num_points = 64
    decoder, encoder = head.transformer_decoder, head.pixel_decoder.encoder
    head.pixel_decoder.norm_cfg.num_groups = 2
    head.pixel_decoder.positional_encoding.num_feats = width // 2
    decoder.num_layers = num_layers or decoder.num_layers
    encoder.num_layers = 1
    for layer in (decoder.layer_cfg, encoder.layer_cfg):
        for name in ('self_attn_cfg', 'cross_attn_cfg'):
            if name in layer:
                layer[name].update(embed_dims=width, num_heads=2)
        layer.ffn_cfg.update(embed_dims=width, feedforward_channels=16)


def head_config(
    instance: bool = False, eta: float = 0.1, **settings: object
) -> ConfigDict:
    """Shrink the head of the shapes study; settings replace its keys.

    Args:
        instance: Whether there are things alone.
        eta: Of ReClass, where the settings relax masks.
        settings: Keys of the head.
    """
    path = CONFIGS / 'studies/mask2former/mask2former_shapes.py'
    model = Config.fromfile(path).model
    stuff = 0 if instance else STUFF
    head = model.panoptic_head
    head.update(
        num_queries=7,
        num_things_classes=THINGS,
        num_stuff_classes=stuff,
        train_cfg=model.train_cfg,
        test_cfg=model.test_cfg,
    )
    shrink(head, THINGS + stuff, [8] * 4, width=16)
    if 'mask_loss' in settings:
        head.train_cfg.assigner = dict(
            type='ReClassAssigner', eta=eta, base=head.train_cfg.assigner
        )
    head.update(ConfigDict(settings))
    return head


def build_head(seed: int = 0, **settings: object) -> torch.nn.Module:
    """Build with weights of a seed, in training mode without dropout."""
    init_default_scope('mmdet')
    torch.manual_seed(seed)
    head = MODELS.build(head_config(**settings))
    head.init_weights()
    head.train()
    for module in head.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return head


def losses_of(
    head: torch.nn.Module, data: list[DetDataSample], seed: int = 3
) -> dict[str, Tensor]:
    """Losses of random features, from the random state of a seed."""
    torch.manual_seed(seed)
    return head.loss(features(len(data)), data)


def total(losses: dict[str, Tensor]) -> Tensor:
    """Add the losses up, without the diagnostics among them."""
    return sum(value for name, value in losses.items() if 'loss' in name)


def features(batch: int = 2, seed: int = 1, channels: int = 8) -> list[Tensor]:
    """Backbone features of strides 4 to 32."""
    generator = torch.Generator().manual_seed(seed)
    sizes = [[side // stride for side in CANVAS] for stride in (4, 8, 16, 32)]
    return [
        torch.randn(batch, channels, *size, generator=generator)
        for size in sizes
    ]


def sample_of(
    labels: Tensor, masks: Tensor, shape: tuple[int, int]
) -> DetDataSample:
    """Wrap segments (N,), (N, H, W) of an image of a padded batch."""
    canvas = tuple(masks.shape[1:])
    meta = dict(img_shape=shape, ori_shape=shape, batch_input_shape=canvas)
    instances = InstanceData(
        labels=labels,
        bboxes=HorizontalBoxes(torch.zeros(len(labels), 4)),
        masks=BitmapMasks(masks.byte().numpy(), *canvas),
    )
    return DetDataSample(
        metainfo=dict(meta, scale_factor=(1.0, 1.0)), gt_instances=instances
    )


def samples(
    instance: bool = False, empty: tuple[int, ...] = (), batch: int = 2
) -> list[DetDataSample]:
    """Two things and two stuff classes, void between; image 1 is padded."""
    height, width = CANVAS
    result = []
    for b in range(batch):
        masks = torch.zeros(2, height, width, dtype=torch.uint8)
        masks[0, 4:28, 8:40] = 1
        masks[1, 16 + 8 * (b % 2) : 60, 48:76] = 1
        labels = torch.tensor([b % 2, 2])
        semantic = torch.full((height, width), 255, dtype=torch.uint8)
        semantic[:, :20] = THINGS
        semantic[40:, 20:72] = THINGS + 1
        for mask, label in zip(masks, labels, strict=True):
            semantic[mask > 0] = label
        shape = (height, width - 16) if b % 2 else CANVAS
        semantic[:, shape[1] :] = 255
        masks[:, :, shape[1] :] = 0
        if b in empty:
            masks, labels = masks[:0], labels[:0]
            semantic[:] = 255
        sample = sample_of(labels, masks, shape)
        if not instance:
            sample.gt_sem_seg = PixelData(sem_seg=semantic[None])
        result.append(sample)
    return result


def semantic_samples(**settings: object) -> list[SegDataSample]:
    """The same for mmseg: the class of each pixel of the canvas."""
    return [
        SegDataSample(
            gt_sem_seg=PixelData(data=sample.gt_sem_seg.sem_seg.long()),
            metainfo=dict(sample.metainfo, img_shape=CANVAS, ori_shape=CANVAS),
        )
        for sample in samples(**settings)
    ]


def mp_former_config(num_classes: int, **changes: object) -> ConfigDict:
    """A head of MP-Former for mmseg: D = 8, 2 heads, 6 layers, 3 queries."""
    path = CONFIGS / 'mp_former/mp-former_r50_cityscapes-semantic_90k.py'
    head = read_config(path).model.decode_head
    head.update(num_classes=num_classes, num_queries=3)
    shrink(head, num_classes, [4] * 4, width=8, num_layers=6)
    head.pop('mp_cfg')
    head.update(changes)
    return head


def small(config: Config) -> torch.nn.Module:
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
