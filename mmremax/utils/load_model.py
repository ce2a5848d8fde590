"""Builds a model from config and checkpoint, to look at its predictions."""

from __future__ import annotations

from mmdet.datasets import CocoPanopticDataset
from mmdet.registry import MODELS
from mmdet.visualization import get_palette
from mmengine.config import Config
from mmengine.model.utils import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from torch import nn

from .checkpoint import (
    is_training_only,
    load_from_local,
)
from .config_edits import remove_pretrained


def load_model(cfg: Config, checkpoint: str, device: str) -> nn.Module:
    """Build the config's detector with a checkpoint's weights, for testing.

    mmdet's `init_detector` loads what fits and warns about the rest, so a
    wrong file gives a random model; here it is an error.

    Args:
        cfg: Of the model; nothing in it is downloaded.
        checkpoint: File of a run of this package, or of its converter.
        device: As torch knows it, such as `cpu` or `cuda:0`.

    Returns:
        The detector in evaluation mode, with `cfg` and `dataset_meta`
        (`classes`, `palette`) as attributes.

    Raises:
        FileNotFoundError: There is no such checkpoint.
        RuntimeError: It cannot be read or does not fit the config.
    """
    content = load_from_local(checkpoint, map_location='cpu')
    remove_pretrained(cfg)
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    model = revert_sync_batchnorm(MODELS.build(cfg.model))
    load_weights(model, content.get('state_dict', content), checkpoint)
    num_classes = model.panoptic_fusion_head.num_classes
    model.dataset_meta = class_meta(content.get('meta', {}), num_classes)
    model.cfg = cfg
    return model.to(device).eval()


def load_weights(model: nn.Module, weights: dict, source: str) -> None:
    """Copy weights into a model; only training-only ones may be missing.

    Args:
        model: Changed in place.
        weights: Tensors by key.
        source: Their file, for the message.
    """
    own = model.state_dict()
    missing = [k for k in own if k not in weights and not is_training_only(k)]
    unknown = [k for k in weights if k not in own and not is_training_only(k)]
    wrong = [
        k for k in own if k in weights and own[k].shape != weights[k].shape
    ]
    problems = [
        f'{len(keys)} {what}, such as {keys[0]}'
        for what, keys in (
            ('keys are missing', missing),
            ('keys are unknown', unknown),
            ('keys have another shape', wrong),
        )
        if keys
    ]
    if problems:
        raise RuntimeError(
            f'The checkpoint {source} does not fit the config: '
            f'{"; ".join(problems)}. Give the config it was trained with; '
            'convert published kMaX-DeepLab weights with '
            'tools/model_converters/kmax_to_mmremax.py first.'
        )
    model.load_state_dict(weights, strict=False)


def class_meta(checkpoint_meta: dict, num_classes: int) -> dict:
    """Find the names and colours of the classes.

    Args:
        checkpoint_meta: `meta` of a checkpoint; a converted one has no
            class names: 133 classes are then COCO's, others get numbers.
        num_classes: K.

    Returns:
        `classes` and `palette`, K each.
    """
    meta = dict(checkpoint_meta.get('dataset_meta') or {})
    if len(meta.get('classes', ())) != num_classes:
        coco = CocoPanopticDataset.METAINFO
        if len(coco['classes']) == num_classes:
            meta = dict(classes=coco['classes'], palette=coco['palette'])
        else:
            meta = dict(classes=[f'class {i}' for i in range(num_classes)])
    if len(meta.get('palette', ())) != num_classes:
        meta['palette'] = get_palette('random', num_classes)
    return meta
