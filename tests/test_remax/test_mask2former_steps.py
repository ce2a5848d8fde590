"""One training step and one prediction of each config.

The configs are taken as they are but for the canvas and the points.
"""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData
from torch import nn

from mmremax.utils.config_edits import remove_pretrained
from tests.helpers.mask2former_fixture import CONFIGS

ROOT = CONFIGS.parent
sys.path.insert(0, str(ROOT / 'tools' / 'model_converters'))

from strip_checkpoint import strip  # noqa: E402

CANVAS = (64, 96)
slow = pytest.mark.slow


def build(name: str, **head: object) -> nn.Module:
    """Build the detector of a config for a small canvas."""
    config = Config.fromfile(CONFIGS / f'{name}.py')
    remove_pretrained(config)
    model = config.model
    if 'init_cfg' in model.backbone:
        model.backbone.init_cfg = None
    model.data_preprocessor.batch_augments[0].size = CANVAS
    model.train_cfg.num_points = 64
    model.panoptic_head.update(head)
    init_default_scope('mmdet')
    torch.manual_seed(0)
    return MODELS.build(model)


def batch(model: nn.Module, training: bool = True) -> dict:
    """Two images smaller than the canvas, a thing each."""
    head = model.panoptic_head
    data = dict(inputs=[], data_samples=[])
    for i in range(2):
        size = (60, 90)
        mask = np.zeros((1, *size), np.uint8)
        mask[0, 10:40, 20 : 60 + i] = 1
        sample = DetDataSample(metainfo=dict(img_shape=size, ori_shape=size))
        sample.gt_instances = InstanceData(
            labels=torch.tensor([i]), masks=BitmapMasks(mask, *size)
        )
        if head.num_stuff_classes:
            semantic = torch.full((1, *size), 255, dtype=torch.uint8)
            semantic[0, :, :50] = head.num_things_classes
            semantic[0][torch.from_numpy(mask[0]) > 0] = i
            sample.gt_sem_seg = PixelData(sem_seg=semantic)
        data['inputs'].append(torch.randint(0, 256, (3, *size)).byte())
        data['data_samples'].append(sample)
    return model.data_preprocessor(data, training)


@pytest.mark.parametrize(
    'name',
    [
        'studies/mask2former/mask2former-remax_shapes',
        'mask2former/mask2former-remax_r50_coco-panoptic',
        pytest.param(
            'mask2former/mask2former-remax_r50_coco-instance', marks=slow
        ),
        pytest.param(
            'mask2former/mask2former-remax_swin-t_coco-panoptic', marks=slow
        ),
    ],
)
def test_one_step_and_the_stripped_weights(name: str) -> None:
    """Train once, predict, and give the weights to mmdet's own head."""
    model = build(name).train()
    losses = model(**batch(model), mode='loss')
    assert losses['loss_semantic'] > 0
    assert list(model.panoptic_head.relaxed) == [1, 2, 3, 4]
    total, _ = model.parse_losses(losses)
    assert total.isfinite()
    total.backward()
    missing = [
        key
        for key, parameter in model.named_parameters()
        if parameter.requires_grad and parameter.grad is None
    ]
    assert not missing

    config = Config.fromfile(CONFIGS / f'{name}.py')
    stock = build_stock(config)
    weights = strip(dict(state_dict=model.state_dict()))['state_dict']
    stock.load_state_dict(weights, strict=True)
    found, expected = (
        predict(one, batch_of_seed(one)) for one in (model, stock)
    )
    for one, other in zip(found, expected, strict=True):
        if 'pred_panoptic_seg' in other:
            assert torch.equal(
                one.pred_panoptic_seg.sem_seg, other.pred_panoptic_seg.sem_seg
            )
        if 'pred_instances' in other:
            for key in ('scores', 'masks', 'labels'):
                assert torch.equal(
                    one.pred_instances[key], other.pred_instances[key]
                )


def build_stock(config: Config) -> nn.Module:
    """Take the overlay's keys out: mmdet's own head is left."""
    head = config.model.panoptic_head
    for key in ('mask_loss', 'num_relaxed', 'semantic_head'):
        head.pop(key)
    train_cfg = config.model.train_cfg
    train_cfg.assigner = train_cfg.assigner.base
    head.type = 'Mask2FormerHead'
    remove_pretrained(config)
    return MODELS.build(config.model)


def batch_of_seed(model: nn.Module) -> dict:
    torch.manual_seed(5)
    return batch(model, training=False)


def predict(model: nn.Module, data: dict) -> list:
    model.eval()
    with torch.no_grad():
        return model(**data, mode='predict')


def test_the_overlay_alone_differs(tmp_path: Path) -> None:
    """Nothing but slots of the head, ReClass around its assigner, SyncBN."""
    name = 'mask2former_r50_8xb2-lsj-50e_coco-panoptic'
    path = tmp_path / 'theirs.py'
    path.write_text(f"_base_ = ['mmdet::mask2former/{name}.py']")
    theirs = Config.fromfile(path).to_dict()
    ours = Config.fromfile(
        CONFIGS / 'mask2former/mask2former-remax_r50_coco-panoptic.py'
    ).to_dict()
    added = ours['model'].pop('panoptic_head')
    stock = theirs['model'].pop('panoptic_head')
    slots = {'mask_loss', 'num_relaxed', 'semantic_head'}
    assert set(added) - set(stock) == slots
    assert added['type'] == 'ReMaXMask2FormerHead'
    for key in stock.keys() - {'type'}:
        assert added[key] == stock[key]
    assigner = ours['model']['train_cfg'].pop('assigner')
    assert assigner.pop('type') == 'ReClassAssigner'
    theirs_assigner = theirs['model']['train_cfg'].pop('assigner')
    assert assigner == dict(base=theirs_assigner)
    for key in ('remax_mask2former', 'custom_imports', 'sync_bn'):
        ours.pop(key)
    assert ours == theirs
