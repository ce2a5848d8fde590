"""Configs of earlier versions are brought up to date, or refused."""

import pytest
from mmengine.config import Config
from mmengine.config.utils import MODULE2PACKAGE

from mmremax.utils import migration
from mmremax.utils.config_edits import ConfigKeyError
from mmremax.utils.migration import migrate, read_config
from tests.helpers.model_fixture import CONFIGS

# Out of the config.py that version 0.1.0 wrote for remax_r50_coco.
OLD = """
model = dict(
    backbone=dict(
        depth=50,
        init_cfg=dict(
            checkpoint='https://download.openmmlab.com/resnet50.pth',
            prefix='backbone.',
            strict=True,
            type='Pretrained'),
        type='mmpretrain.ResNet'),
    type='KMaXDeepLab')
"""


def test_strict_initial_weights(tmp_path, capsys):
    path = tmp_path / 'config.py'
    path.write_text(OLD)
    cfg = read_config(path)
    today = Config.fromfile(CONFIGS / '_base_/models/kmax_r50.py')
    init = cfg.model.backbone.init_cfg
    assert init.keys() == today.model.backbone.init_cfg.keys()
    assert init._scope_ == 'mmremax'
    out = capsys.readouterr().out
    assert 'of an earlier version: `strict=True`' in out
    migrate(cfg)  # up to date: nothing more to say
    assert capsys.readouterr().out == ''
    loose = Config(dict(a=dict(type='Pretrained', strict=False)))
    migrate(loose)
    assert loose.a == dict(type='Pretrained')


def test_remax(capsys):
    """Of the same two heads in version 0.1.0, by keys that changed."""
    matching = dict(type='HungarianAssigner')
    cfg = Config(
        dict(
            kmax=dict(
                type='KMaXHead',
                mask_loss=dict(type='ReMaskLoss', num_stages=2, gain=0.5),
                semantic_head=dict(type='SemanticAuxHead'),
            ),
            baseline=dict(type='KMaXHead', mask_loss=dict(type='MaskLoss')),
            mask2former=dict(
                type='Mask2Former',
                panoptic_head=dict(
                    type='ReMaXMask2FormerHead',
                    remask=dict(type='ReMaskLoss'),
                    reclass=dict(type='ReClassAssigner', eta=0.2),
                ),
                train_cfg=dict(assigner=matching),
            ),
        )
    )
    migrate(cfg)
    assert cfg.to_dict() == dict(
        kmax=dict(
            type='KMaXHead',
            num_relaxed=2,
            mask_loss=dict(type='ReMaskLoss', gain=0.5),
            semantic_head=dict(type='SemanticAuxHead'),
        ),
        baseline=dict(type='KMaXHead', mask_loss=dict(type='MaskLoss')),
        mask2former=dict(
            type='Mask2Former',
            panoptic_head=dict(
                type='ReMaXMask2FormerHead',
                num_relaxed=4,
                mask_loss=dict(type='ReMaskLoss'),
            ),
            train_cfg=dict(
                assigner=dict(type='ReClassAssigner', eta=0.2, base=matching)
            ),
        ),
    )
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_mask_pilots(capsys):
    def config(**settings):
        return Config(dict(a=dict(type='MPFormerHead', mp_cfg=settings)))

    cfg = config(num_groups=2, padding='reference', max_gt=None)
    migrate(cfg)
    assert cfg.a.mp_cfg == dict(num_groups=2)
    assert 'no padding, max_gt any more' in capsys.readouterr().out
    with pytest.raises(ConfigKeyError, match=r"padding='strict'.*leave"):
        migrate(config(padding='strict'))


def test_a_key_without_successor_names_the_file(tmp_path, monkeypatch):
    def refuse(node: dict) -> None:
        if 'depth' in node:
            raise ConfigKeyError('depth is gone: write arch')

    monkeypatch.setattr(migration, 'RULES', (refuse,))
    path = tmp_path / 'config.py'
    path.write_text(OLD)
    with pytest.raises(ConfigKeyError, match=r'config.py: depth is gone'):
        read_config(path)


@pytest.mark.parametrize(
    'name',
    [
        'remax/remax_r50_coco.py',
        'mask2former/mask2former-remax_r50_coco-panoptic.py',
        'mp_former/mp-former-remax_r50_coco-panoptic.py',
        'studies/_base_/kmax_mnv3-s_shapes.py',
    ],
)
def test_configs_of_this_version_stay(name, capsys):
    path = CONFIGS / name
    assert read_config(path).to_dict() == Config.fromfile(path).to_dict()
    assert capsys.readouterr().out == ''


def test_configs_of_mmseg_are_found():
    packages = dict(MODULE2PACKAGE)
    path = CONFIGS / 'mp_former/mask2former_r50_ade20k-semantic_160k.py'
    assert read_config(path).model.decode_head.type == 'Mask2FormerHead'
    assert packages == MODULE2PACKAGE
