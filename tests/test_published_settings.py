"""The constants of the papers and their code, as the configs have them."""

import pytest
from mmengine.config import Config

from tests.helpers.model_fixture import CONFIGS

KMAX = {
    'test_cfg.pixel_threshold': 0.4,
    'test_cfg.thing_threshold': 0.7,
    'test_cfg.stuff_threshold': 0.5,
    'test_cfg.overlap_threshold': 0.8,
    'test_cfg.class_score_power': 1.0,
    'test_cfg.mask_score_power': 1.0,
    'test_cfg.min_thing_area': 0,
    'test_cfg.min_stuff_area': 0,
    'panoptic_head.pixel_decoder.num_blocks': (1, 5, 1, 1),
    'panoptic_head.transformer_decoder.num_queries': 128,
    'panoptic_head.transformer_decoder.num_layers': (2, 2, 2),
    'panoptic_head.transformer_decoder.drop_path_rate': 0.2,
    'panoptic_head.loss_cls.loss_weight': 3.0,
    'panoptic_head.mask_loss.loss_mask.loss_weight': 0.3,
    'panoptic_head.mask_loss.loss_dice.loss_weight': 3.0,
    'panoptic_head.loss_insdis.loss_weight': 1.0,
    'panoptic_head.loss_insdis.num_samples': 4096,
    'panoptic_head.loss_insdis.sample_temperature': 1.5,
    'panoptic_head.loss_insdis.temperature': 0.3,
    'panoptic_head.loss_aux_semantic.loss_weight': 1.0,
    'panoptic_head.loss_aux_semantic.num_samples': 4096,
    'panoptic_head.loss_aux_semantic.sample_temperature': 2.0,
}
REMAX = {
    'panoptic_head.num_relaxed': 4,
    'panoptic_head.semantic_head.loss_semantic.loss_weight': 0.5,
}
SOFTMAX = {'panoptic_head.mask_loss.loss_mask.activation': 'softmax'}
SIGMOID = {'panoptic_head.mask_loss.loss_mask.activation': 'sigmoid'}
MP_FORMER = {
    'panoptic_head.mp_cfg.num_groups': 1,
    'panoptic_head.mp_cfg.mask_noise_scale': 0.2,
    'panoptic_head.mp_cfg.label_noise_ratio': 0.2,
    'panoptic_head.mp_cfg.pilot_layers': 'all',
}


@pytest.mark.parametrize(
    ('name', 'settings'),
    [
        ('kmax/kmax_r50_coco', KMAX | SOFTMAX),
        ('remax/remax_r50_coco', KMAX | REMAX | SIGMOID),
        ('mask2former/mask2former-remax_r50_coco-panoptic', REMAX),
        ('mp_former/mp-former_r50_coco-panoptic_50e', MP_FORMER),
    ],
)
def test_model(name, settings):
    model = Config.fromfile(CONFIGS / f'{name}.py').model
    found = {}
    for key in settings:
        node = model
        for part in key.split('.'):
            node = node[part]
        found[key] = tuple(node) if isinstance(node, list) else node
    assert found == settings


def test_schedules():
    """That of kMaX-DeepLab, and the short one of ReMaX."""
    kmax, remax = (
        Config.fromfile(CONFIGS / name)
        for name in ('kmax/kmax_r50_coco.py', 'remax/remax_r50_coco.py')
    )
    assert kmax.optim_wrapper.optimizer == dict(
        type='AdamW', lr=5e-4, weight_decay=0.05
    )
    assert kmax.param_scheduler == [
        dict(type='WarmupPolyLR', end=150000, warmup=5000, power=0.9)
    ]
    assert remax.optim_wrapper.optimizer == dict(
        type='AdamW', lr=6e-3, weight_decay=0.005
    )
    for cfg in (kmax, remax):
        assert cfg.optim_wrapper.paramwise_cfg.lr_mult == dict(backbone=0.1)
        assert cfg.auto_scale_lr.base_batch_size == 64
