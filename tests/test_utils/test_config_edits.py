import pytest
from mmengine.config import Config

from mmremax.utils.config_edits import (
    ConfigKeyError,
    merge_options,
    remove_pretrained,
    set_data_root,
)

CONFIG = """
data_root = 'data/coco/'
remax = dict(panoptic_head=dict(mask_loss=dict(type='ReMaskLoss')))
pretrained = dict(type='Pretrained', checkpoint='https://a/b.pth')
model = dict(
    type='KMaXDeepLab',
    backbone=dict(type='ResNet', depth=50, pretrained='torchvision://r50',
                  init_cfg=pretrained),
    neck=dict(type='Neck', init_cfg=[pretrained, dict(type='Kaiming')]),
    other=dict(type='Other', init_cfg=dict(type='Constant', val=1)),
)
dataset = dict(type='PanopticDataset', data_root=data_root,
               ann_file='annotations/train.json',
               data_prefix=dict(img='train/'))
train_dataloader = dict(
    batch_size=2,
    dataset=dict(type='ConcatDataset', datasets=[
        dataset, dict(type='RepeatDataset', dataset=dataset)]))
val_evaluator = [
    dict(type='A', ann_file=data_root + 'annotations/val.json'),
    dict(type='B', folder='data/coco', other='data/coco2/x', number=3),
]
test_evaluator = None
param_scheduler = [dict(type='LinearLR', end=5), dict(type='Poly')]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=10)
randomness = dict(seed=0)
load_from = 'https://a/b.pth'
"""


@pytest.fixture
def cfg() -> Config:
    return Config.fromstring(CONFIG, '.py')


@pytest.mark.parametrize('root', ['/new', '/new/'])
def test_data_root_reaches_every_dict(cfg, root):
    set_data_root(cfg, root)
    first, second = cfg.train_dataloader.dataset.datasets
    assert first.data_root == second.dataset.data_root == root
    assert first.ann_file == 'annotations/train.json'
    assert cfg.val_evaluator[0].ann_file == '/new/annotations/val.json'
    assert cfg.val_evaluator[1].folder == root
    assert cfg.val_evaluator[1].other == 'data/coco2/x'
    assert cfg.data_root == root
    assert cfg.test_evaluator is None


def test_of_nested_data_roots_the_inner_one_moves(cfg):
    cfg.test_evaluator = [
        dict(type='C', data_root='data', ann_file='data/other/a.json'),
        dict(type='D', data_root='data/coco', ann_file='data/coco/a.json'),
    ]
    set_data_root(cfg, '/new')
    found = [metric.ann_file for metric in cfg.test_evaluator]
    assert found == ['/new/other/a.json', '/new/a.json']


def test_no_pretrained_leaves_other_initialisations(cfg):
    remove_pretrained(cfg)
    assert cfg.load_from is None
    assert cfg.model.backbone == dict(type='ResNet', depth=50, pretrained=None)
    assert cfg.model.neck.init_cfg == [dict(type='Kaiming')]
    assert cfg.model.other.init_cfg.type == 'Constant'


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('model.backbone.depth', 101),
        ('model.backbone.frozen_stages', 1),  # new: the constructor judges
        ('param_scheduler.0.end', 7),
        ('train_cfg.max_iters', 3),
        ('randomness.seed', 1),
        ('randomness.deterministic', True),
        ('model.train_cfg.new.deep', 1),
        ('compile', True),
    ],
)
def test_options_that_have_an_effect(cfg, key, value):
    merge_options(cfg, {key: value})
    node = cfg
    for part in key.split('.'):
        node = node[int(part) if part.isdigit() else part]
    assert node == value


@pytest.mark.parametrize(
    ('key', 'text'),
    [
        ('remax.panoptic_head.mask_loss', 'model.panoptic_head'),
        ('data_root', '--data-root'),
        ('dataset.ann_file', 'variable of the config file'),
        ('modle.backbone', 'Did you mean model'),
        ('model.backbon.depth', 'model has no key backbon. Did you mean'),
        ('train_dataloader.batchsize', 'Did you mean batch_size'),
        ('param_scheduler.2.end', 'a list of 2'),
        ('train_cfg.max_iters.x', 'is 10 and has no keys'),
    ],
)
def test_options_without_effect_are_refused(cfg, key, text):
    before = cfg.pretty_text
    with pytest.raises(ConfigKeyError) as error:
        merge_options(cfg, {key: 1})
    assert text in str(error.value)
    assert cfg.pretty_text == before
