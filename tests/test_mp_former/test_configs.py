"""The configs of MP-Former: overlay alone, schedules, one small step."""

import re
from pathlib import Path

import pytest
import torch
from mmdet.registry import DATASETS, MODELS
from mmengine.config import Config, ConfigDict, DictAction
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

import mmremax  # noqa: F401 (registers the components)
from mmremax.utils.migration import read_config
from tests.helpers.mask2former_fixture import batch_of, small

FOLDER = Path(__file__).parents[2] / 'configs/mp_former'
NAMES = sorted(path.stem for path in FOLDER.glob('*.py'))
# part of the name: iterations, steps
SCHEDULES = dict(
    ade20k=(160_000, [135_000, 150_000]),
    cityscapes=(90_000, [80_000, 85_000]),
    coco_12e=(88_500, [73_750, 81_125]),
    coco=(368_750, [327_778, 355_092]),
)


def load(name: str) -> Config:
    return read_config(FOLDER / f'{name}.py')


@pytest.mark.parametrize('name', NAMES)
def test_schedule(name: str) -> None:
    config = load(name)
    schedule = config.param_scheduler
    schedule = schedule if isinstance(schedule, dict) else schedule[0]
    iterations, steps = next(
        values
        for key, values in SCHEDULES.items()
        if all(part in name for part in key.split('_'))
    )
    assert schedule.type == 'MultiStepLR'
    assert list(schedule.milestones) == steps
    assert config.train_cfg.max_iters == iterations
    assert config.auto_scale_lr.base_batch_size == 16
    optimizer = config.optim_wrapper.optimizer
    assert (optimizer.type, optimizer.lr) == ('AdamW', 1e-4)
    assert optimizer.weight_decay == 0.05
    assert config.optim_wrapper.clip_grad.max_norm == 0.01


def train_and_predict(config: Config) -> set[str]:
    """Take one step of the small model; return what it predicts."""
    init_default_scope(config.default_scope)
    semantic = 'decode_head' in config.model
    model = small(config)
    wrapper = build_optim_wrapper(model, config.optim_wrapper)
    embed = next(p for k, p in model.named_parameters() if 'label_embed' in k)
    group = next(
        g for g in wrapper.param_groups if any(p is embed for p in g['params'])
    )
    assert group['weight_decay'] == 0
    before = embed.detach().clone()
    model.train()
    losses = model.train_step(batch_of(semantic), wrapper)
    assert all(torch.isfinite(v).all() for v in losses.values())
    assert losses['decode.mp_loss_mask' if semantic else 'mp_loss_mask'] > 0
    assert not torch.equal(before, embed)
    model.eval()
    with torch.no_grad():
        batch = {k: v[:1] for k, v in batch_of(semantic).items()}
        (sample,) = model.test_step(batch)
    return set(sample.keys())


@pytest.mark.parametrize('name', NAMES)
def test_one_step_and_one_prediction(name: str) -> None:
    task = re.search('panoptic|instance|semantic', name)[0]
    expected = dict(
        panoptic='pred_panoptic_seg',
        instance='pred_instances',
        semantic='pred_sem_seg',
    )
    assert expected[task] in train_and_predict(load(name))


@pytest.mark.parametrize('name', NAMES)
def test_the_baseline_of_the_readme(name: str) -> None:
    """--cfg-options model.panoptic_head.mp_cfg=None: no trace of pilots."""
    config = load(name)
    init_default_scope(config.default_scope)
    kind = 'decode_head' if 'semantic' in name else 'panoptic_head'
    none = DictAction._parse_iterable('None')
    config.merge_from_dict({f'model.{kind}.mp_cfg': none})
    head = getattr(small(config), kind)
    assert head.mp_cfg is None
    assert not hasattr(head, 'label_embed')


def test_examples_of_the_readme(tmp_path: Path) -> None:
    """The variations in configs/mp_former/README.md train as they stand."""
    text = (FOLDER / 'README.md').read_text()
    examples = []
    for code in re.findall('```python\n(.*?)```', text, re.S):
        path = tmp_path / f'example_{len(examples)}.py'
        path.write_text(re.sub(r"'(?=\.\.?/)", f"'{FOLDER}/", code))
        examples.append(read_config(path))
    for config in examples[:2]:
        assert config.model.backbone.type == 'SwinTransformer'
        assert config.model.panoptic_head.num_queries == 200
        assert 'pred_panoptic_seg' in train_and_predict(config)
    assert examples[2].param_scheduler[0].type == 'PolyLR'


@pytest.mark.parametrize('data', ['ade20k', 'cityscapes'])
def test_pipelines_on_panoptic_data(data: str, shapes_root: Path) -> None:
    """The data set of both has the layout of the small one."""
    config = load(next(n for n in NAMES if f'r50_{data}-panoptic' in n))
    init_default_scope('mmdet')
    for split in ('train', 'val'):
        dataset = config[f'{split}_dataloader'].dataset
        dataset.update(
            data_root=str(shapes_root),
            ann_file=f'annotations/panoptic_{split}.json',
            data_prefix=ConfigDict(
                img=f'{split}/', seg=f'annotations/panoptic_{split}/'
            ),
        )
        batch = pseudo_collate([DATASETS.build(dataset)[0]])
        preprocessor = MODELS.build(config.model.data_preprocessor)
        packed = preprocessor(batch, split == 'train')
        inputs, crop = packed['inputs'], tuple(config.image_size)
        if split == 'train':
            gt = packed['data_samples'][0]
            classes = gt.gt_sem_seg.sem_seg
            for x in (inputs, gt.gt_instances.masks.masks, classes):
                assert x.shape[-2:] == crop
            assert (classes != 255).any()
        else:
            assert min(inputs.shape[-2:]) >= min(crop)
