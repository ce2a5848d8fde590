"""One training step and one prediction of each config, made small."""

import copy
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from tests.helpers.mask2former_fixture import batch_of, small
from tests.helpers.model_fixture import CONFIGS, assert_trains

sys.path.insert(0, str(CONFIGS.parent / 'tools/model_converters'))

from strip_checkpoint import strip


@pytest.mark.parametrize(
    'name',
    [
        'studies/mask2former/mask2former-remax_shapes',
        'mask2former/mask2former-remax_r50_coco-panoptic',
        'mask2former/mask2former-remax_r50_coco-instance',
        'mask2former/mask2former-remax_swin-t_coco-panoptic',
    ],
)
def test_one_step_and_the_stripped_weights(name: str) -> None:
    """Train once, predict, and give the weights to mmdet's own head."""
    init_default_scope('mmdet')
    model = small(Config.fromfile(CONFIGS / f'{name}.py'))
    batch = batch_of(semantic=False)
    data = model.data_preprocessor(batch, training=True)
    losses = model(**data, mode='loss')
    assert losses['loss_semantic'] > 0
    assert list(model.panoptic_head.relaxed) == [1, 2]
    assert_trains(model, losses)

    stock = small(without_overlay(Config.fromfile(CONFIGS / f'{name}.py')))
    weights = strip(dict(state_dict=model.state_dict()))['state_dict']
    stock.load_state_dict(weights, strict=True)
    batch = batch_of(semantic=False)
    with torch.no_grad():
        found, expected = (
            one.eval().test_step(copy.deepcopy(batch))
            for one in (model, stock)
        )
    for one, other in zip(found, expected, strict=True):
        assert set(one.keys()) == set(other.keys())
        for name, keys in (
            ('pred_panoptic_seg', ['sem_seg']),
            ('pred_instances', ['scores', 'masks', 'labels']),
        ):
            for key in keys if name in other else []:
                pair = [sample.get(name).get(key) for sample in (one, other)]
                assert torch.equal(*pair)


def without_overlay(config: Config) -> Config:
    """Take the overlay's keys out: mmdet's own head is left."""
    head = config.model.panoptic_head
    for key in ('mask_loss', 'num_relaxed', 'semantic_head'):
        head.pop(key)
    train_cfg = config.model.train_cfg
    train_cfg.assigner = train_cfg.assigner.base
    head.type = 'Mask2FormerHead'
    return config


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
