"""Whole networks against the published code, stage by stage."""

import copy
from functools import cache

import pytest
import torch
from mmengine.config import Config
from torch import nn

from mmremax.kmax.layers import aligns_corners, resize_like_kmax
from tests.golden import GOLDEN_DIR, R, assert_probe, load_case
from tests.golden.fill import golden_network
from tests.helpers.meta import build_on_meta
from tests.helpers.model_fixture import CONFIGS

KEYS = GOLDEN_DIR / 'kmax_r50_coco_keys.txt'


def convnext(arch: str, channels: tuple[int, ...]) -> dict:
    """Keys that put a ConvNeXt into a model of as many features."""
    backbone = dict(type='KMaXConvNeXt', arch=arch)
    backbone.update(_delete_=True, with_stem=len(channels) == 5)
    return {
        'model.backbone': backbone,
        'model.panoptic_head.pixel_decoder.in_channels': channels,
    }


# Name of the weights: config of configs/kmax, keys of its backbone.
NETWORKS = {
    'coco_r50': ('kmax_r50_coco', {}),
    'coco_convnext_tiny': ('kmax_convnext-t_coco', {}),
    'ade_r50': ('kmax_r50_ade20k', {}),
    'cityscapes_r50': ('kmax_r50_cityscapes', {}),
    'cityscapes_convnext_tiny': (
        'kmax_r50_cityscapes',
        convnext('tiny', (96, 96, 192, 384, 768)),
    ),
}


def config_of(name: str, changes: dict) -> Config:
    config = Config.fromfile(CONFIGS / f'kmax/{name}.py')
    config.merge_from_dict(changes)
    return config


@cache
def network(name: str) -> nn.Module:
    model = golden_network(config_of(*NETWORKS[name]), name)
    return model.requires_grad_(False)


@pytest.mark.parametrize(
    ('name', 'size'),
    [
        ('coco_r50', '65'),
        ('coco_r50', '64_even'),
        ('coco_convnext_tiny', '65'),
        ('ade_r50', '65'),
        ('cityscapes_r50', '65x129'),
        ('cityscapes_convnext_tiny', '65x129'),
    ],
)
@torch.no_grad()
def test_network(name, size):
    expected = load_case(f'module.model_{name}_{size}')['expected']
    model = network(name)
    head = model.panoptic_head
    height, _, width = size.removesuffix('_even').partition('x')
    image = R('image', (1, 3, int(height), int(width or height)))
    feats = model.backbone(image)
    assert len(feats) == len(expected['in_features_order'])
    for key, feat in zip(
        expected['in_features_order'], reversed(feats), strict=True
    ):
        assert_probe(feat, expected['backbone'][key], name=key)
    memories, mask_feature = head.pixel_decoder(feats)
    for stage, memory in enumerate(memories):
        assert_probe(memory, expected['multi_scale'][stage], name=f'{stage}')
    assert_probe(mask_feature, expected['panoptic_feature'])

    predictions = head.transformer_decoder(memories, mask_feature)
    size = predictions[-1].mask_logits.shape[-2:]
    for prediction, probes in zip(
        predictions, [*expected['aux_outputs'], expected], strict=True
    ):
        masks, pixels = (
            resize_like_kmax(x, size, aligns_corners(size[0]))
            for x in (prediction.mask_logits, prediction.pixel_feature)
        )
        assert_probe(prediction.class_logits, probes['pred_logits'])
        assert_probe(masks, probes['pred_masks'])
        assert_probe(pixels, probes['pixel_feature'])
    aux = head.auxiliary_semantic_head(feats)
    assert_probe(aux, expected['aux_semantic_pred'])


@torch.no_grad()
def test_float32_is_near():
    expected = load_case('module.model_coco_r50_65')['expected']
    model = network('coco_r50')
    feats = model.backbone(R('image', (1, 3, 65, 65)))
    head = copy.deepcopy(model.panoptic_head).float()
    final = head([feat.float() for feat in feats])[-1]
    assert_probe(final.class_logits, expected['pred_logits'], 1e-3, 1e-4)
    assert_probe(final.mask_logits, expected['pred_masks'], 1e-3, 1e-4)


BASE, LARGE = (128, 256, 512, 1024), (192, 384, 768, 1536)
COUNTS = {
    'coco_resnet50': ('kmax_r50_coco', {}),
    'coco_convnext_T': ('kmax_convnext-t_coco', {}),
    'coco_convnext_S': ('kmax_convnext-s_coco', {}),
    'coco_convnext_B': ('kmax_r50_coco', convnext('base', BASE)),
    'coco_convnext_L': ('kmax_r50_coco', convnext('large', LARGE)),
    'ade20k_resnet50': ('kmax_r50_ade20k', {}),
    'ade20k_convnext_L': ('kmax_r50_ade20k', convnext('large', LARGE)),
    'cityscapes_resnet50': ('kmax_r50_cityscapes', {}),
    'cityscapes_convnext_L': (
        'kmax_r50_cityscapes',
        convnext('large', (192, *LARGE)),
    ),
}


@pytest.mark.parametrize('name', list(COUNTS))
def test_parameter_counts(name):
    model = build_on_meta(config_of(*COUNTS[name]))
    head = model.panoptic_head
    parts = dict(
        backbone=model.backbone,
        pixel_decoder=head.pixel_decoder,
        transformer_decoder=head.transformer_decoder,
        aux_semantic=head.auxiliary_semantic_head,
        total=model,
    )
    counts = {
        name: sum(parameter.numel() for parameter in part.parameters())
        for name, part in parts.items()
    }
    counts['total_without_aux'] = counts['total'] - counts['aux_semantic']
    assert counts == load_case('model.parameter_counts')['expected'][name]


def test_checkpoint_format_is_frozen():
    """Renaming one of these keys breaks every checkpoint in the world."""
    state_dict = build_on_meta(config_of('kmax_r50_coco', {})).state_dict()
    keys = {key for key in state_dict if key.startswith('panoptic_head.')}
    keys = {key for key in keys if not key.endswith('num_batches_tracked')}
    assert keys == set(KEYS.read_text().split())
