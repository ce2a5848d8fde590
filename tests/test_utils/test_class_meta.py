"""Class names: the checkpoint's, the data's, or an error."""

import json

import pytest
from mmdet.evaluation import get_classes
from mmengine.config import Config

from mmremax.utils.class_meta import class_meta
from tests.helpers.tiny import SEGMENTS, id_map, write_tiny

NAMES = ('cat', 'dog', 'sky', 'sea')  # of the tiny data, things first


def config_of(path) -> Config:
    dataset = dict(
        type='mmdet.PanopticDataset',
        data_root=str(path.parent),
        ann_file=path.name,
        data_prefix=dict(img='img/', seg='seg/'),
    )
    return Config(dict(test_dataloader=dict(dataset=dataset)))


@pytest.fixture
def cfg(tmp_path) -> Config:
    return config_of(write_tiny(tmp_path, [id_map()], [SEGMENTS]))


def test_names_of_a_checkpoint_come_first(cfg):
    known = dict(classes=list('abcd'), palette=[[i, 0, 0] for i in range(5)])
    meta = class_meta(known, 4, cfg)
    assert meta['classes'] == tuple('abcd')
    assert meta['palette'] == [(i, 0, 0) for i in range(4)]


@pytest.mark.parametrize(
    'known', [None, dict(classes=get_classes('coco')), dict(classes=('a',))]
)
def test_then_those_of_the_annotation_file(cfg, known):
    before = cfg.to_dict()
    meta = class_meta(known, 4, cfg)
    assert meta['classes'] == NAMES
    assert meta['palette'][:3] == [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    assert cfg.to_dict() == before


def test_a_model_of_things_has_the_things_of_its_data(cfg):
    meta = class_meta(None, 2, cfg)
    assert meta['classes'] == NAMES[:2]
    assert len(meta['palette']) == 2


@pytest.mark.parametrize('palette', ['random', None, [(1, 2, 3)]])
def test_colours_are_as_many_as_the_classes(cfg, palette):
    meta = class_meta(dict(classes=tuple('abcd'), palette=palette), 4, cfg)
    assert len(json.loads(json.dumps(meta['palette']))) == 4


def test_where_neither_is_there_it_is_an_error(cfg, tmp_path):
    with pytest.raises(ValueError, match=r'80 classes.*names 0, .* 4\. Point'):
        class_meta(dict(classes=get_classes('coco')), 80, cfg)
    missing = config_of(tmp_path / 'none.json')
    with pytest.raises(ValueError, match=r'none\.json \(not there\) 0'):
        class_meta(None, 4, missing)
    with pytest.raises(ValueError, match='names 1, the config, without'):
        class_meta(dict(classes=('a',)), 4, Config())
