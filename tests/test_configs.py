"""Every config parses, builds, and is listed; the overlay stays small."""

import ast
import re
from pathlib import Path

import pytest
from mmdet.registry import DATASETS, HOOKS, METRICS, MODELS, PARAM_SCHEDULERS
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.visualization import Visualizer

from mmremax.utils.config_edits import remove_pretrained, set_data_root
from mmremax.utils.config_keys import check_keys
from mmremax.utils.migration import read_config
from tests.helpers.meta import on_meta

CONFIGS = Path(__file__).parents[1] / 'configs'
PATHS = sorted(
    path
    for path in CONFIGS.rglob('*.py')
    if '_base_' not in path.relative_to(CONFIGS).parts
    and path.parent != CONFIGS / 'studies'  # of arms: tests/test_studies
)
# All that ReMaX changes of kMaX, as keys of `model`.
OVERLAY_KEYS = {
    'panoptic_head.num_relaxed',
    'panoptic_head.semantic_head.type',
    'panoptic_head.semantic_head.loss_semantic.type',
    'panoptic_head.semantic_head.loss_semantic.loss_weight',
    'panoptic_head.mask_loss.type',
    'panoptic_head.mask_loss.loss_mask.activation',
    'panoptic_head.mask_loss.loss_mask.start_as_softmax',
    'panoptic_head.assigner.type',
    'panoptic_head.assigner.base.type',
}

# Studies whose results are recorded with their settings; 64 is of COCO.
RECORDED = 'studies/mask2former/'

# Metrics of mmdet that open the annotation file when they are built.
READS_ITS_FILE = ('CocoMetric', 'CocoPanopticMetric')

every_config = pytest.mark.parametrize(
    'path', PATHS, ids=lambda path: str(path.relative_to(CONFIGS))
)


@pytest.fixture(autouse=True)
def scope() -> None:
    """Build as the Runner does."""
    init_default_scope('mmdet')


def flatten(config: object, prefix: str = '') -> dict[str, object]:
    """Flatten nested dicts to {dotted key: value}; lists stay whole."""
    if not isinstance(config, dict):
        return {prefix: config}
    rows = {}
    for key, value in config.items():
        rows |= flatten(value, f'{prefix}.{key}' if prefix else key)
    return rows


def listed(one_or_more: dict | list) -> list:
    """Return a list also where a config has a single dict."""
    return [one_or_more] if isinstance(one_or_more, dict) else one_or_more


def changed_keys(old: dict, new: dict) -> set[str]:
    """Return the dotted keys whose values differ or that one side lacks."""
    old, new = flatten(old), flatten(new)
    keys = old.keys() | new.keys()
    missing = object()
    return {k for k in keys if old.get(k, missing) != new.get(k, missing)}


@every_config
def test_config_builds(path: Path) -> None:
    """Every key reaches a constructor, which refuses unknown ones."""
    config = read_config(path)
    init_default_scope(config.default_scope)
    remove_pretrained(config)
    with on_meta():
        model = MODELS.build(config.model)
    optimizer = build_optim_wrapper(model, config.optim_wrapper)
    for scheduler in listed(config.param_scheduler):
        PARAM_SCHEDULERS.build(
            scheduler, default_args=dict(optimizer=optimizer)
        )
    Visualizer.get_instance('visualizer')  # visualisation hooks ask for one
    hooks = config.get('custom_hooks', [])
    for hook in [*config.default_hooks.values(), *hooks]:
        HOOKS.build(hook)
    for name in ('train', 'val', 'test'):
        dataset = config[f'{name}_dataloader'].dataset
        DATASETS.build(dict(dataset, lazy_init=True))
    for name in ('val', 'test'):
        for evaluator in listed(config[f'{name}_evaluator']):
            if evaluator.type not in READS_ITS_FILE:
                METRICS.build(evaluator)


@every_config
def test_config_has_a_header_and_a_readme_row(path: Path) -> None:
    header = ast.get_docstring(ast.parse(path.read_text()))
    assert header, 'say the command, the cost and the score'
    folder = next(f for f in path.parents if (f / 'README.md').is_file())
    row = f'({path.relative_to(folder)})'
    assert row in (folder / 'README.md').read_text(), 'add a row'


@every_config
def test_keys_are_read_and_base_batch_is_the_commands(path: Path) -> None:
    """--auto-scale-lr and --images-per-gpu start from the base batch."""
    config = read_config(path)
    check_keys(config)
    if str(path.relative_to(CONFIGS)).startswith(RECORDED):
        return
    header = ast.get_docstring(ast.parse(path.read_text()))
    launch = re.search(r'dist_train\.sh[\s\\]+\S+\.py (\d+)', header)
    processes = int(launch[1]) if launch else 1
    base = config.auto_scale_lr.base_batch_size
    assert base == config.train_dataloader.batch_size * processes
    assert not config.auto_scale_lr.enable


def test_overlay_is_one_small_variable() -> None:
    path = CONFIGS / '_base_' / 'overlays' / 'remax.py'
    body = ast.parse(path.read_text()).body
    (node,) = (n for n in body if isinstance(n, ast.Assign))
    assert ast.unparse(node.targets[0]) == 'remax'
    assert node.end_lineno - node.lineno + 1 <= 15


TWINS = {  # ReMaX config: the kMaX config that it lays the overlay over
    path.stem: match[1]
    for path in PATHS
    if path.parent.name == 'remax'
    and (match := re.search(r"'\.\./(kmax/.+\.py)'", path.read_text()))
}


@pytest.mark.parametrize('name', TWINS)
def test_remax_differs_in_the_overlay_alone(name: str) -> None:
    kmax = read_config(CONFIGS / TWINS[name]).to_dict()
    remax = read_config(CONFIGS / f'remax/{name}.py').to_dict()
    echo = remax.pop('remax')
    assert changed_keys(kmax, remax) == {f'model.{k}' for k in OVERLAY_KEYS}
    assert set(flatten(echo)) == OVERLAY_KEYS


# What the overlays add to the small recipes besides: narrow branches.
WIDTHS = {
    'panoptic_head.semantic_head.channels',
    'panoptic_head.semantic_head.loss_semantic.num_samples',
}


@pytest.mark.parametrize('data', ['nuclei', 'camvid', 'coco-coarse'])
def test_small_remax_differs_in_the_overlay_alone(data: str) -> None:
    kmax = read_config(CONFIGS / f'small/kmax_lite0_{data}.py').to_dict()
    remax = read_config(CONFIGS / f'small/remax_lite0_{data}.py').to_dict()
    echo = remax.pop('remax')
    keys = OVERLAY_KEYS | WIDTHS
    assert changed_keys(kmax, remax) == {f'model.{key}' for key in keys}
    assert set(flatten(echo)) == keys


@pytest.mark.parametrize(
    ('data', 'head'), [('nuclei', 'panoptic_head'), ('camvid', 'decode_head')]
)
def test_mp_former_differs_in_the_overlay_alone(data: str, head: str) -> None:
    old = read_config(CONFIGS / f'small/mask2former_lite0_{data}.py').to_dict()
    new = read_config(CONFIGS / f'small/mp-former_lite0_{data}.py').to_dict()
    mp_cfg = new.pop('mp_cfg')
    for echo in ('mp_former', 'mp_former_semantic', 'mp_former_optim'):
        del new[echo]
    embedding = 'optim_wrapper.paramwise_cfg.custom_keys.label_embed.'
    assert changed_keys(old, new) == {
        f'model.{head}.type',
        *(f'model.{head}.mp_cfg.{key}' for key in mp_cfg),
        *(embedding + key for key in ('lr_mult', 'decay_mult')),
    }


def test_recipe_of_remax_leaves_the_model_alone() -> None:
    """The 50k recipe is schedule and data; its model is kMaX's."""
    kmax = read_config(CONFIGS / 'kmax/kmax_r50_coco.py')
    recipe = read_config(CONFIGS / 'kmax/kmax_r50_coco_50k.py')
    assert not changed_keys(kmax.model.to_dict(), recipe.model.to_dict())


@pytest.mark.parametrize(
    'name', ['kmax/kmax_r50_coco.py', 'remax/remax_r50_coco.py']
)
def test_misspelt_key_fails_at_build(name: str) -> None:
    config = read_config(CONFIGS / name)
    remove_pretrained(config)
    config.model.panoptic_head.loss_cls.loss_wieght = 1.0
    with on_meta(), pytest.raises(TypeError, match='loss_wieght'):
        MODELS.build(config.model)


def test_readme_example_of_own_data_builds(
    tmp_path: Path, shapes_root: Path
) -> None:
    readme = (CONFIGS.parent / 'README.md').read_text()
    code = re.search(r'```python\n(.*?)```', readme, re.DOTALL)[1]
    base = CONFIGS / 'remax' / 'remax_r50_coco.py'
    path = tmp_path / 'mine.py'
    path.write_text(code.replace('remax_r50_coco.py', str(base)))
    config = read_config(path)
    remove_pretrained(config)
    set_data_root(config, str(shapes_root))
    model = MODELS.build(config.model)
    for loader in (config.train_dataloader, config.test_dataloader):
        classes = DATASETS.build(loader.dataset).metainfo['classes']
        assert len(classes) == model.panoptic_head.num_classes
