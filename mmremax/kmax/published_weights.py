"""Published kMaX-DeepLab checkpoints: read, rename, bring things first.

A key such as `sem_seg_head.pixel_decoder._stages.0._blocks.0._conv3_bn...`
is translated fragment by fragment with one table, from left to right. All
tensors keep their shapes.

Letters: K classes without no_object.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from mmremax.utils.checkpoint import some
from mmremax.utils.safe_loading import load_from_local

_LEAVES = (
    'conv norm weight bias running_mean running_var num_batches_tracked '
    'backbone conv1 conv2 conv3'
)
FRAGMENTS = {
    **{name: name for name in _LEAVES.split()},
    # ResNet-50, to mmpretrain's names.
    'stem': '',
    **{f'res{stage}': f'layer{stage - 1}' for stage in (2, 3, 4, 5)},
    **{f'conv{k}.norm': f'bn{k}' for k in (1, 2, 3)},
    'shortcut': 'downsample.0',
    'shortcut.norm': 'downsample.1',
    # ConvNeXt, to mmpretrain's names.
    'downsample_layers': 'downsample_layers',
    'backbone.stages': 'backbone.stages',
    'dwconv': 'depthwise_conv',
    **{f'pwconv{k}': f'pointwise_conv{k}' for k in (1, 2)},
    'gamma': 'gamma',
    # Pixel decoder.
    'sem_seg_head.pixel_decoder': 'panoptic_head.pixel_decoder',
    '_in_norms': 'input_norms',
    '_resized_fuses': 'fuses',
    '_conv_bn_low': 'low.1',
    '_conv_bn_high': 'high.1',
    '_stages': 'stages',
    '_blocks': '',
    '_conv1_bn_act': 'conv_in',
    '_conv2_bn_act': 'middle',
    '_conv3_bn': 'conv_out',
    '_shortcut': 'shortcut',
    '_attention': 'middle.attention',
    '_height_axis': 'height_axis',
    '_width_axis': 'width_axis',
    'qkv_transform.conv': 'qkv',
    '_query_rpe._embeddings.weight': 'relative_query',
    '_key_rpe._embeddings.weight': 'relative_key',
    '_value_rpe._embeddings.weight': 'relative_value',
    '_batch_norm_qkv': 'qkv_norm',
    '_batch_norm_similarity': 'similarity_norm',
    '_batch_norm_retrieved_output': 'output_norm',
    # Transformer decoder.
    'sem_seg_head.predictor': 'panoptic_head.transformer_decoder',
    '_cluster_centers.weight': 'query_feat',
    '_class_embedding_projection': 'class_projection',
    '_mask_embedding_projection': 'mask_projection',
    '_kmax_transformer_layers': 'layers',
    '_query_conv1_bn_act': 'query_projection',
    '_pixel_conv1_bn_act': 'key_projection',
    '_pixel_v_conv_bn': 'cross_attention.value',
    '_kmeans_query_batch_norm_retrieved_value': 'cross_attention.update_norm',
    '_kmeans_query_conv3_bn': 'cross_attention.project',
    '_query_qkv_conv_bn': 'self_attention.qkv',
    '_query_self_attention': 'self_attention',
    '_batch_norm_retrieved_value': 'output_norm',
    '_query_conv3_bn': 'self_attention.project',
    '_query_ffn_conv1_bn_act': 'ffn.expand',
    '_query_ffn_conv2_bn': 'ffn.project',
    # Predictors; the misspelling is the published one.
    '_predcitor': 'predictor',
    '_pixel_space_head_conv0bnact': 'pixel_head.separable.depthwise',
    '_pixel_space_head_conv1bnact': 'pixel_head.separable.pointwise',
    '_pixel_space_head_last_convbn': 'pixel_head.project',
    '_transformer_mask_head': 'mask_head',
    '_transformer_class_head.conv': 'class_head',
    '_pixel_space_mask_batch_norm': 'mask_norm',
    # Auxiliary semantic head.
    'sem_seg_head.predictor._auxiliary_semantic_predictor': (
        'panoptic_head.auxiliary_semantic_head'
    ),
    '_aspp': 'aspp',
    **{f'_aspp_conv{k}': f'branches.{k}' for k in range(4)},
    '_aspp_pool': 'image_branch',
    '_proj_conv_bn_act': 'project',
    '_low_level_projection_os8': 'low_level_projections.0',
    '_low_level_projection_os4': 'low_level_projections.1',
    '_low_level_fusion_os8_conv0_bn_act': 'fuses.0.depthwise',
    '_low_level_fusion_os8_conv1_bn_act': 'fuses.0.pointwise',
    '_low_level_fusion_os4_conv0_bn_act': 'fuses.1.depthwise',
    '_low_level_fusion_os4_conv1_bn_act': 'fuses.1.pointwise',
    # Its simple variant, numbered layers.
    **{
        f'sem_seg_head.predictor._auxiliary_semantic_predictor.{layer}': (
            f'panoptic_head.auxiliary_semantic_head.{name}'
        )
        for layer, name in (
            ('0', 'separable.depthwise'),
            ('1', 'separable.pointwise'),
            ('2.conv', 'classifier'),
        )
    },
    'conv_block_0': 'head.separable.depthwise',
    'conv_block_1': 'head.separable.pointwise',
    'final_conv.conv': 'head.classifier',
}
_FRAGMENT = re.compile(
    '(?:{})(?=[.]|$)'.format(
        '|'.join(
            [*map(re.escape, sorted(FRAGMENTS, key=len, reverse=True)), '\\d+']
        )
    )
)

# Train ids of Cityscapes, and the indices of ADE20K's stuff classes.
CITYSCAPES_THINGS = tuple(range(11, 19))
ADE20K_STUFF = tuple(
    map(
        int,
        '0 1 2 3 4 5 6 9 11 13 16 17 21 25 26 28 29 34 40 46 48 51 52 54 59 '
        '60 61 63 68 77 79 84 91 94 96 99 100 101 105 106 109 113 114 117 122 '
        '128 131 140 141 145'.split(),
    )
)
PUBLISHED_ORDERS = {
    19: (*CITYSCAPES_THINGS, *range(11)),
    150: (
        *(label for label in range(150) if label not in ADE20K_STUFF),
        *ADE20K_STUFF,
    ),
}
"""Number of classes -> published index of each of our classes."""

CLASS_LAYERS = ('.class_head.', '.classifier.')


def convert_kmax_key(key: str) -> str | None:
    """Translate one published key; None if it holds an unknown fragment."""
    parts, start = [], 0
    while start < len(key):
        match = _FRAGMENT.match(key, start)
        if match is None:
            return None
        parts.append(FRAGMENTS.get(match[0], match[0]))
        start = match.end() + 1  # after the dot
    return '.'.join(filter(None, parts))


def convert_kmax_state_dict(state_dict: Mapping) -> dict[str, Tensor]:
    """Rename all parameters, torch's or NumPy's, of a published checkpoint.

    Raises:
        ValueError: A key is not one of a kMaX-DeepLab with ResNet-50 or
            ConvNeXt; the message names it.
    """
    names = {key: convert_kmax_key(key) for key in state_dict}
    unknown = [key for key, name in names.items() if name is None]
    if unknown:
        raise ValueError(
            f'Unknown keys: {some(unknown)}. This converter knows the '
            'PyTorch checkpoints of kMaX-DeepLab with ResNet-50 or ConvNeXt.'
        )
    return {
        name: torch.as_tensor(state_dict[key]) for key, name in names.items()
    }


def put_things_first(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Reorder the rows of all class layers from the published order to ours.

    The published PyTorch checkpoints of Cityscapes (19 classes) and ADE20K
    (150) keep the order of the data set, in which things and stuff mix; here
    labels are things first, then stuff. COCO's have that order already, and
    other numbers of classes stay as they are. Void and no_object stay last.
    """
    num_classes = number_of_classes(state_dict)
    order = PUBLISHED_ORDERS.get(num_classes)
    if order is None:
        return dict(state_dict)
    rows = {
        num_classes: torch.tensor(order),
        num_classes + 1: torch.tensor([*order, num_classes]),
    }
    return {
        key: tensor[rows[len(tensor)]]
        if any(layer in key for layer in CLASS_LAYERS)
        else tensor
        for key, tensor in state_dict.items()
    }


def number_of_classes(state_dict: Mapping[str, Tensor]) -> int:
    """Count K; 0 if the weights are of no class layer."""
    biases = (k for k in state_dict if k.endswith('.class_head.bias'))
    head = next(biases, None)
    return len(state_dict[head]) - 1 if head else 0


def load_published(path: str | Path) -> dict:
    """Read the parameters of a published file without running its code.

    Args:
        path: A `.pth` of torch, or a `.pkl` of pickled torch or NumPy
            values; either the parameters or a dict with them as `model`.

    Raises:
        FileNotFoundError: There is no such file.
        RuntimeError: The file is truncated, or holds objects other than
            tensors, arrays and plain containers.
        ValueError: The file holds no parameters.
    """
    content = load_from_local(path, 'cpu')
    if isinstance(content, Mapping):
        content = content.get('model', content)
    if not isinstance(content, Mapping) or not content:
        raise ValueError(
            f'{path} holds no parameters: expected a dict of tensors, or one '
            "with the key 'model'."
        )
    return dict(content)
