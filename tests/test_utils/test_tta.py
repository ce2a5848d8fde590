"""--tta: views of any config's test pipeline, or one line why not."""

import ast
from textwrap import dedent

import pytest
from mmdet.registry import TRANSFORMS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmremax.utils.migration import read_config
from mmremax.utils.tta import OVERLAY, use_tta
from tests.helpers.scripts import ROOT

NUCLEI = 'small/kmax_lite0_nuclei.py'


def config_of(name: str) -> Config:
    init_default_scope('mmdet')
    return read_config(ROOT / 'configs' / name)


@pytest.mark.parametrize(
    ('name', 'sizes'),
    [
        ('remax/remax_r50_coco.py', [(1281, 1281), (1665, 1665)]),
        ('kmax/kmax_r50_cityscapes.py', [(1025, 2049), (1345, 2657)]),
        (NUCLEI, [(225, 337), (289, 433)]),
    ],
)
def test_views_are_of_the_test_pipeline(tmp_path, name, sizes):
    """The docstring of the overlay, tried out."""
    configs = ROOT / 'configs'
    text = ast.get_docstring(ast.parse((ROOT / OVERLAY).read_text()))
    child = text[text.index('    _base_') :]
    child = child.replace("'./remax_r50_coco.py'", f"'{configs / name}'")
    child = child.replace("'../_base_", f"'{configs}/_base_")
    (tmp_path / 'child.py').write_text(dedent(child))
    for path, expected in (
        (configs / name, sizes[:1]),
        (tmp_path / 'child.py', sizes),
    ):
        cfg = config_of(path)
        cfg.test_evaluator = [cfg.val_evaluator, dict(type='MeanIoUMetric')]
        use_tta(cfg)
        assert cfg.model.type == 'UnionTTAModel'
        assert cfg.model.module.type == 'KMaXDeepLab'
        (evaluator,) = cfg.test_evaluator
        assert evaluator.type == 'PanopticQualityMetric'
        load, views = cfg.test_dataloader.dataset.pipeline
        assert load.type == 'LoadPanopticImage'
        steps = [TRANSFORMS.build(step) for step in views.transforms[0]]
        assert [(s.short_side, s.long_side) for s in steps] == expected


def test_a_config_may_have_views_of_its_own():
    cfg = config_of(NUCLEI)
    cfg.tta_pipeline = list(cfg.test_pipeline)
    use_tta(cfg)
    assert cfg.test_dataloader.dataset.pipeline == cfg.test_pipeline
    assert cfg.model.type == 'UnionTTAModel'


@pytest.mark.parametrize(
    ('name', 'change', 'told'),
    [
        (
            'mask2former/mask2former-remax_r50_coco-panoptic.py',
            {},
            'KMaXFusionHead makes them; .* has none',
        ),
        (
            NUCLEI,
            {'test_evaluator': [dict(type='InstanceAPMetric')]},
            'InstanceAPMetric does not score them',
        ),
        (
            NUCLEI,
            {'test_dataloader.dataset.pipeline.1.type': 'Resize'},
            'lacks Resize of the test pipeline',
        ),
    ],
)
def test_what_tta_cannot_do_is_told(name, change, told):
    cfg = config_of(name)
    cfg.merge_from_dict(change)
    with pytest.raises(ValueError, match=told):
        use_tta(cfg)
