"""Parameters, multiply-adds and mask grids of every config, at full size.

`PAPER` holds the figures of ReMaX (Table 12), and of kMaX-DeepLab's own
modules where the paper gives none.
"""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mmremax.utils.checkpoint import is_training_only
from mmremax.utils.config_edits import remove_pretrained
from tests.helpers.meta import build_on_meta, on_meta

ROOT = Path(__file__).parents[2]

# Of the ReMaX config: its kMaX twin, millions of parameters and billions of
# multiply-adds in the paper (or None), and the parameters counted exactly.
R50 = (56.6, 294.7, 56_580_120)
PAPER = {
    'remax-t_mnv3-s_coco': ('mnv3-s_coco', 18.6, 18.8, 18_628_000),
    'remax-s_mnv3-l_coco': ('mnv3-l_coco', 22.0, 20.9, 21_997_440),
    'remax_lite0_coco': ('lite0_coco', None, None, 19_858_928),
    'remax-m_r50_coco': ('r50_coco_641', 50.8, 67.8, 50_788_816),
    'remax_r50_coco': ('r50_coco_50k', *R50),
    'remax_r50_coco_100k': ('r50_coco_100k', *R50),
    'remax_r50_coco_150k': ('r50_coco_150k', *R50),
    'remax_r50_coco_200k': ('r50_coco_200k', *R50),
    'remax_convnext-t_coco': ('convnext-t_coco_50k', 60.9, 301.9, 60_937_080),
    'remax_convnext-s_coco': ('convnext-s_coco_50k', 82.6, 443.4, 82_571_640),
    'remax_axial-r50_coco': ('axial-r50_coco_50k', 74.4, None, 74_415_512),
    'remax_axial-r50_cityscapes': (
        'axial-r50_cityscapes_60k',
        *(74.0, None, 74_238_714),
    ),
    'remax_r50_cityscapes': ('r50_cityscapes_60k', None, 380.8, 56_390_778),
    'remax_r50_cityscapes_stride2': (
        'r50_cityscapes_60k_stride2',
        *(None, None, 56_401_146),
    ),
    'remax_mnv3-s_cityscapes': ('mnv3-s_cityscapes', None, None, 18_535_288),
    'remax_mnv3-l_cityscapes': ('mnv3-l_cityscapes', None, None, 21_904_728),
    'remax_r50_ade20k': ('r50_ade20k_100k', 56.6, 294.7, 56_610_703),
    'remax_r50_ade20k_641': ('r50_ade20k_100k_641', 56.6, 74.3, 56_610_703),
}


def read(folder: str, name: str) -> Config:
    config = Config.fromfile(ROOT / 'configs' / folder / f'{name}.py')
    remove_pretrained(config)
    return config


def inference_parameters(model: nn.Module) -> int:
    return sum(
        parameter.numel()
        for name, parameter in model.named_parameters()
        if not is_training_only(name)
    )


def test_every_config_of_the_folder_is_here() -> None:
    names = {path.stem for path in (ROOT / 'configs/remax').glob('*.py')}
    same_network = {'remax_r50_coco_sample', 'remax_r50_coco_soft'}
    assert names - same_network == set(PAPER)


@pytest.mark.parametrize('name', PAPER)
def test_parameters_multiply_adds_and_mask_grid(name: str) -> None:
    """Those of the tool, get_flops.py, which its own tests compare."""
    twin, millions, billions, exact = PAPER[name]
    config = read('remax', name)
    model = build_on_meta(config)
    assert inference_parameters(model) == exact
    assert exact == pytest.approx((millions or exact / 1e6) * 1e6, rel=0.01)
    twin_model = build_on_meta(read('kmax', f'kmax_{twin}'))
    assert inference_parameters(twin_model) == exact

    size = config.model.data_preprocessor.crop_size
    with on_meta(), FlopCounterMode(display=False) as counter:
        _, mask_logits = model(torch.zeros(1, 3, *size))
    if billions is not None:
        macs = counter.get_total_flops() / 2
        assert macs == pytest.approx(billions * 1e9, rel=0.05)
    grid = tuple(mask_logits.shape[2:])
    (stride,) = {
        step.get('label_stride', 4)
        for step in config.train_dataloader.dataset.pipeline
        if step['type'] in ('PackPanopticInputs', 'FilterUnlabeledCrops')
    }
    assert grid == tuple(-(-side // stride) for side in size)
