"""Every recipe against the numbers of its paper, written out here.

kMaX-DeepLab as published: AdamW, polynomial decay of power 0.9 after 5,000
warm-up iterations. ReMaX: steps by 0.1 at 85 % and 95 %. Never clipped.
"""

from pathlib import Path

import pytest

from mmremax.utils.migration import read_config

CONFIGS = Path(__file__).parents[1] / 'configs'

# config: iterations, batch, learning rate, weight decay, schedule.
PUBLISHED = (150_000, 64, 5e-4, 0.05, 'poly')
KMAX = {
    'kmax_r50_coco': PUBLISHED,
    'kmax_convnext-t_coco': PUBLISHED,
    'kmax_convnext-s_coco': PUBLISHED,
    'kmax_axial-r50_coco': PUBLISHED,
    'kmax_r50_cityscapes': (60_000, 32, 3e-4, 0.05, 'poly'),
    'kmax_r50_ade20k': (100_000, 64, 5e-4, 0.05, 'poly'),
}
SHORT = (50_000, 64, 6e-3, 0.005, 'steps')
CITYSCAPES = (60_000, 32, 3e-3, 0.005, 'steps')
REMAX = {
    'remax_r50_coco': SHORT,
    'remax_r50_coco_100k': (100_000, *SHORT[1:]),
    'remax_r50_coco_150k': (150_000, 64, 6e-3, 0.02, 'steps'),
    'remax_r50_coco_200k': (200_000, 64, 6e-3, 0.02, 'steps'),
    'remax_axial-r50_coco': SHORT,
    'remax-m_r50_coco': SHORT,
    'remax-t_mnv3-s_coco': SHORT,
    'remax-s_mnv3-l_coco': SHORT,
    'remax_convnext-t_coco': SHORT,
    'remax_convnext-s_coco': SHORT,
    'remax_r50_cityscapes': CITYSCAPES,
    'remax_r50_cityscapes_stride2': CITYSCAPES,
    'remax_axial-r50_cityscapes': CITYSCAPES,
    'remax_mnv3-s_cityscapes': CITYSCAPES,
    'remax_mnv3-l_cityscapes': CITYSCAPES,
    'remax_r50_ade20k': (100_000, *SHORT[1:]),
    'remax_r50_ade20k_641': (100_000, *SHORT[1:]),
}
RECIPES = {**KMAX, **REMAX}
# data set: crop, scale of kMaX, scale of ReMaX, drop path of the decoder.
DATA = dict(
    coco=((1281, 1281), (0.2, 2.0), (0.3, 1.7), 0.2),
    cityscapes=((1025, 2049), (0.5, 2.0), (0.5, 2.0), 0.2),
    ade20k=((1281, 1281), (0.5, 2.0), (0.5, 2.0), 0.0),
)
SMALL = ('remax-t', 'remax-s', 'remax-m', '641')  # crop 641 x 641
BACKBONE_DROP_PATH = {'convnext-t': 0.3, 'convnext-s': 0.4, 'axial': 0.2}

every_recipe = pytest.mark.parametrize('name', RECIPES)


def load(name):
    folder = 'remax' if name.startswith('remax') else 'kmax'
    return read_config(CONFIGS / folder / f'{name}.py')


def by_type(pipeline):
    return {step['type']: step for step in pipeline}


@every_recipe
def test_optimiser_and_schedule(name):
    iterations, batch, lr, weight_decay, schedule = RECIPES[name]
    cfg = load(name)
    assert cfg.train_cfg.max_iters == iterations
    assert cfg.optim_wrapper.optimizer == dict(
        type='AdamW', lr=lr, weight_decay=weight_decay
    )
    assert 'clip_grad' not in cfg.optim_wrapper
    assert cfg.optim_wrapper.paramwise_cfg == dict(
        lr_mult=dict(backbone=0.1),
        no_decay=('bias', 'relative_', 'query_feat'),
    )
    assert cfg.auto_scale_lr.base_batch_size == batch
    assert cfg.train_dataloader.batch_size * 8 == batch
    if schedule == 'poly':
        (poly,) = cfg.param_scheduler
        assert poly.type == 'WarmupPolyLR'
        assert (poly.end, poly.warmup, poly.power) == (iterations, 5000, 0.9)
    else:
        warmup, steps = cfg.param_scheduler
        assert warmup.type == 'LinearLR'
        assert (warmup.begin, warmup.end) == (0, 5000)
        assert steps.type == 'MultiStepLR'
        assert steps.gamma == 0.1
        wanted = [iterations * percent // 100 for percent in (85, 95)]
        assert steps.milestones == wanted
    assert not any(s.by_epoch for s in cfg.param_scheduler if 'by_epoch' in s)
    assert cfg.sync_bn == 'torch'


@every_recipe
def test_data_and_drop_path(name):
    data_set = next(d for d in DATA if d in name)
    crop, kmax_scale, remax_scale, drop_path = DATA[data_set]
    if any(part in name for part in SMALL):
        crop = (641, 641)
    is_remax = name in REMAX
    cfg = load(name)
    assert tuple(cfg.model.data_preprocessor.crop_size) == crop
    steps = by_type(cfg.train_dataloader.dataset.pipeline)
    scale = remax_scale if is_remax else kmax_scale
    assert tuple(steps['RandomScaleCrop']['crop_size']) == crop
    assert tuple(steps['RandomScaleCrop']['scale_range']) == scale
    assert steps['RandomFlip']['prob'] == 0.5
    assert ('AutoAugmentColor' in steps) == is_remax
    assert ('SSDColorJitter' in steps) != is_remax
    pasted = by_type(steps['PanopticCopyPaste']['pipeline'])
    halves = [bound / 2 for bound in scale]
    assert pasted['RandomScaleCrop']['scale_range'] == pytest.approx(halves)
    test_steps = by_type(cfg.test_dataloader.dataset.pipeline)
    resize = test_steps['ResizeShortestSide']
    assert (resize['short_side'], resize['long_side']) == crop
    decoder = cfg.model.panoptic_head.transformer_decoder
    assert decoder.drop_path_rate == drop_path
    assert decoder.num_queries == (256 if data_set == 'cityscapes' else 128)
    wanted = next(
        (v for part, v in BACKBONE_DROP_PATH.items() if part in name), 0.0
    )
    assert cfg.model.backbone.get('drop_path_rate', 0.0) == wanted
