"""What a step needs and what fits, on cards of made sizes."""

import pytest
import torch
from mmengine.config import Config

from mmremax.engine import gpu_room
from mmremax.engine.gpu_room import GIB, enough_memory, needed, what_fits
from mmremax.engine.step_memory import StepMemory
from mmremax_runtime.errors import InputError
from tests.helpers.scripts import ROOT


@pytest.fixture
def cfg(monkeypatch) -> Config:
    """ReMaX-R50 whose images take 8 GiB, halved by each option."""

    def estimate(cfg: Config) -> StepMemory:
        made = 8 * GIB
        for is_used in (
            cfg.optim_wrapper.type == 'AmpOptimWrapper',
            cfg.model.get('recompute'),
            cfg.model.backbone.get('with_cp'),
        ):
            made //= 2 if is_used else 1
        return StepMemory(3 * GIB, made, {})

    monkeypatch.setattr(gpu_room, 'estimate_image', estimate)
    monkeypatch.setattr(gpu_room, 'USABLE', 1)
    return Config.fromfile(ROOT / 'configs/remax/remax_r50_coco.py')


def run_out(cfg: Config) -> None:
    with enough_memory(cfg):
        raise torch.OutOfMemoryError


def test_gradients_wait_beside_what_is_fixed():
    """3 of weights and AdamW's moments, 1 of gradients, 2 images of 5."""
    assert needed(StepMemory(3, 5, {}), 2) == 4 + 10


def test_options_are_added_until_all_images_fit(cfg):
    assert cfg.train_dataloader.batch_size == 8
    before = cfg.to_dict()
    assert what_fits(cfg, 68 * GIB) == ''
    text = what_fits(cfg, 13 * GIB)
    assert text == (
        'A step of 8 images of 1281 x 1281 needs about 68.0 GiB, 8.0 for '
        'each image; 13.0 are free. Fits: --images-per-gpu 1; or --amp '
        '--images-per-gpu 2; or --amp --images-per-gpu 4 --cfg-options '
        'model.recompute=True; or --amp --cfg-options model.recompute=True '
        'model.backbone.with_cp=True (the batch stays).'
    )
    assert what_fits(cfg, 36 * GIB).endswith(
        'Fits: --images-per-gpu 4; or --amp (the batch stays).'
    )
    assert cfg.to_dict() == before


def test_else_a_smaller_crop_fits(cfg):
    """A quarter of a GiB is left for one that takes all of it."""
    text = what_fits(cfg, int(4.25 * GIB))
    assert text.endswith(
        'With --amp --cfg-options model.recompute=True '
        'model.backbone.with_cp=True a crop of 640 x 640 fits.'
    )
    assert 'a crop of 0 x 0' in what_fits(cfg, GIB)


def test_options_that_are_used_or_unknown_are_not_offered(cfg):
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    cfg.model.recompute = True
    assert [*gpu_room.savers(cfg)] == ['model.backbone.with_cp=True']
    cfg.model.backbone = dict(type='TimmFeatures')
    assert not gpu_room.savers(cfg)
    mask2former = 'mask2former/mask2former-remax_r50_coco-panoptic.py'
    cfg = Config.fromfile(ROOT / 'configs' / mask2former)
    assert not gpu_room.countable(cfg)
    assert [*gpu_room.savers(cfg)] == ['--amp', 'model.backbone.with_cp=True']


def test_it_is_said_before_a_step_and_after(cfg, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    sizes = 13 * GIB, 16 * GIB
    monkeypatch.setattr(torch.cuda, 'mem_get_info', lambda: sizes)
    with pytest.raises(InputError, match='or --amp') as error:
        run_out(cfg)
    said = capsys.readouterr().err
    assert 'seems too small. A step of 8 images' in said
    assert str(error.value).partition(' A ')[2] in said
    monkeypatch.setattr(torch.cuda, 'mem_get_info', lambda: (99 * GIB,) * 2)
    with enough_memory(cfg):
        assert capsys.readouterr().err == ''


def test_without_an_estimate_options_are_named(cfg):
    with pytest.raises(InputError, match='Takes less: --amp --cfg'):
        run_out(cfg)
