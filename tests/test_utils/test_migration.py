"""Configs of earlier versions are brought up to date, or refused."""

import pytest
from mmengine.config import Config
from mmengine.config.utils import MODULE2PACKAGE

from mmremax.utils import migration
from mmremax.utils.config_edits import ConfigKeyError
from mmremax.utils.config_errors import ConfigError
from mmremax.utils.migration import migrate, read_config
from tests.helpers.model_fixture import CONFIGS

# Out of the config.py that version 0.1.0 wrote for remax_r50_coco.
OLD = """
model = dict(
    backbone=dict(
        depth=50,
        init_cfg=dict(
            checkpoint='https://a/resnet50.pth', prefix='backbone.',
            strict=True, type='Pretrained'),
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
    semantic_head = dict(type='SemanticAuxHead')
    kmax = dict(type='KMaXHead', semantic_head=semantic_head)
    old = dict(kmax, mask_loss=dict(type='ReMaskLoss', num_stages=2, gain=0.5))
    new = dict(kmax, mask_loss=dict(type='ReMaskLoss', gain=0.5))
    baseline = dict(kmax, mask_loss=dict(type='MaskLoss'))
    matching, remask = dict(type='HungarianAssigner'), dict(type='ReMaskLoss')
    reclass = dict(type='ReClassAssigner', eta=0.2)
    mask2former = dict(
        type='Mask2Former',
        panoptic_head=dict(
            type='ReMaXMask2FormerHead', remask=remask, reclass=reclass
        ),
        train_cfg=dict(assigner=matching),
    )
    cfg = Config(dict(kmax=old, baseline=baseline, mask2former=mask2former))
    migrate(cfg)
    assert cfg.to_dict() == dict(
        kmax=dict(new, num_relaxed=2),
        baseline=baseline,
        mask2former=dict(
            type='Mask2Former',
            panoptic_head=dict(
                type='ReMaXMask2FormerHead', num_relaxed=4, mask_loss=remask
            ),
            train_cfg=dict(assigner=dict(reclass, base=matching)),
        ),
    )
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_mask_pilots(capsys):
    def config(**settings):
        return Config(dict(a=dict(type='MPFormerHead', mp_cfg=settings)))

    cfg = config(num_groups=2, loss_weight=1.0, max_gt=None)
    migrate(cfg)
    assert cfg.a.mp_cfg == dict(num_groups=2)
    assert 'no loss_weight, max_gt any more' in capsys.readouterr().out
    with pytest.raises(ConfigKeyError, match=r'max_gt=9.*leave'):
        migrate(config(max_gt=9))


OLD_SOFT = dict(
    head=dict(type='SoftOCRHead', align='logits_to_target'),
    ce=dict(type='SoftCrossEntropyLoss', min_valid=0.0, normalizer='mass'),
    kl=dict(type='mmseg.SoftKLDivLoss', min_valid=0, mode='valid_weighted'),
    resize=dict(type='SoftLabelResize', ignore_index=255, topk=2),
    random=dict(
        type='RandomResize', resize_type='SoftLabelResize', ignore_index=255
    ),
    metric=dict(type='InstanceAPMetric', max_per_image=100),
)


def test_keys_with_one_value_left(capsys):
    cfg = Config(OLD_SOFT)
    migrate(cfg)
    assert cfg.to_dict() == dict(
        head=dict(type='SoftOCRHead'),
        ce=dict(type='SoftCrossEntropyLoss', normalizer='mass'),
        kl=dict(type='mmseg.SoftKLDivLoss'),
        resize=dict(type='SoftLabelResize', topk=2),
        random=dict(type='RandomResize', resize_type='SoftLabelResize'),
        metric=dict(type='InstanceAPMetric'),
    )
    out = capsys.readouterr().out
    assert 'SoftKLDivLoss has no min_valid, mode any more' in out
    assert 'InstanceAPMetric has no max_per_image any more' in out


@pytest.mark.parametrize(
    ('node', 'message'),
    [
        (dict(type='SoftFCNHead', align='target_to_logits'), "'logits_to_tar"),
        (dict(type='SoftCrossEntropyLoss', min_valid=0.5), 'min_valid=0.5 is'),
        (dict(type='SoftKLDivLoss', mode='subnormalised'), "'valid_weighted'"),
        (dict(type='SoftLabelResize', ignore_index=0), 'only 255: leave'),
        (dict(type='InstanceAPMetric', max_per_image=9), 'only 100: leave'),
        (dict(type='SoftLabelResize', encoding='float16'), "write 'uint8'"),
        (dict(type='RandomResize', resize_type='SoftLabelFromHiRes'),
         "write SoftLabelResize with label_kernel='area'"),
        (dict(type='mmseg.SoftLabelPool', stride=4), "'SoftLabelPool' is gon"),
        (dict(type='SoftASPPHead'), r'class SoftASPPHead\(SoftLabelLoss'),
        (dict(type='SoftUPerHead'), r'class SoftUPerHead\(SoftLabelLoss'),
    ],
)  # fmt: skip
def test_what_is_gone_says_what_to_write(node, message):
    with pytest.raises(ConfigKeyError, match=message):
        migrate(Config(dict(a=node)))


def test_what_is_gone_in_files_and_a_head_that_a_user_wrote(
    tmp_path, monkeypatch
):
    """The head as the remedy says stays; the file is named."""
    name = 'SoftUPerHead'
    monkeypatch.setitem(migration.MODELS.module_dict, name, object)
    cfg = Config(dict(a=dict(type=name)))
    migrate(cfg)
    assert cfg.a.type == name
    path = tmp_path / 'config.py'
    path.write_text(
        f"_base_ = '{CONFIGS}/_base_/overlays/soft_label.py'\n"
        'model = dict(data_preprocessor=_base_.soft_preprocessor)\n'
    )
    with pytest.raises(ConfigKeyError, match=r'config.py: .*mmseg.s own'):
        read_config(path)


def test_configs_of_this_version_stay_and_those_of_mmseg_are_found(capsys):
    for name in (
        'remax/remax_r50_coco.py',
        'mask2former/mask2former-remax_r50_coco-panoptic.py',
        'mp_former/mp-former-remax_r50_coco-panoptic.py',
        'studies/_base_/kmax_mnv3-s_shapes.py',
    ):
        path = CONFIGS / name
        assert read_config(path).to_dict() == Config.fromfile(path).to_dict()
        assert capsys.readouterr().out == ''
    packages = dict(MODULE2PACKAGE)
    path = CONFIGS / 'mp_former/mp-former_r50_ade20k-semantic_160k.py'
    head = read_config(path).model.decode_head
    assert head.type == 'mmseg.MPFormerHead'
    assert packages == MODULE2PACKAGE


def test_bases_of_this_package_are_found_in_a_checkout_too(tmp_path):
    """By file and by name; and mmengine is as before."""
    theirs, base = Config._get_cfg_path, 'kmax/kmax_r50_coco.py'
    for name in (base, 'kmax_r50_coco'):
        path = tmp_path / 'mine.py'
        path.write_text(f"_base_ = 'mmremax::{name}'\nmine = 1\n")
        found = read_config(path).to_dict()
        assert found.pop('mine') == 1
        assert found == read_config(CONFIGS / base).to_dict()
    assert Config._get_cfg_path is theirs
    path.write_text("_base_ = 'mmremax::kmax/none.py'\n")
    with pytest.raises(ConfigError, match='mine.py cannot be read: .*none'):
        read_config(path)
