"""The project's studies: all arms build, differ, and see the same data."""

import copy
import functools
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
import torch
from mmdet.registry import DATASETS, HOOKS, MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmremax.studies import study as module
from mmremax.studies.study import digest_of, load_study, resolve
from mmremax.utils.config_edits import remove_pretrained, set_data_root
from tests.helpers.meta import on_meta

STUDIES = Path(__file__).parents[2] / 'configs' / 'studies'
BUILT = set()
"""Digests of models that were built and found right."""


@pytest.fixture(autouse=True, scope='module')
def parsed_once() -> Iterator[None]:
    """The arms change keys of a few files; parse each file once."""
    read = functools.cache(module.read_config)

    def read_copy(path: Path) -> Config:
        return copy.deepcopy(read(path))

    with mock.patch.object(module, 'read_config', read_copy):
        yield


@pytest.mark.parametrize(
    'path', sorted(STUDIES.glob('*.py')), ids=lambda path: path.stem
)
def test_arms_build_and_differ(path):
    """Every option reaches a constructor; no two arms are the same.

    Where outputs are relaxed, they have what relaxes them. The README has
    a row of the study.
    """
    study = load_study(path)
    digests = set()
    for arm in study.arms:
        cfg = resolve(study, arm)
        digests.add(digest_of(cfg.to_dict()))
        init_default_scope(cfg.default_scope)
        for hook in cfg.get('custom_hooks', []):
            HOOKS.build(hook)
        DATASETS.build(dict(cfg.train_dataloader.dataset, lazy_init=True))
        remove_pretrained(cfg)
        if (digest := digest_of(cfg.model.to_dict())) in BUILT:
            continue
        BUILT.add(digest)
        with on_meta():
            model = MODELS.build(cfg.model)
        head = getattr(model, 'panoptic_head', None)
        if head is not None and getattr(head, 'num_relaxed', 0):
            source = head.mask_loss.source
            assert head.semantic_head is not None or source == 'ground_truth'
    assert len(digests) == len(study.arms)
    assert f'({path.name})' in (STUDIES / 'README.md').read_text()


def test_options_of_an_arm_survive_their_use():
    """Merging takes `_delete_` out of the dict that it merges."""
    study = load_study(STUDIES / 'convergence.py')
    arm = next(arm for arm in study.arms if arm.name == 'r50_kmax')
    assert resolve(study, arm).to_dict() == resolve(study, arm).to_dict()
    assert '_delete_' in arm.options['model.backbone']


def test_arms_of_a_seed_see_the_same_data(shapes_root):
    """Images, augmentation and order; another seed sees others."""
    study = load_study(STUDIES / 'convergence.py')

    def batches(cfg: Config, seed: int) -> list[torch.Tensor]:
        set_data_root(cfg, str(shapes_root))
        options = dict(cfg.train_dataloader, batch_size=4)
        options |= dict(num_workers=0, persistent_workers=False)
        loader = iter(Runner.build_dataloader(options, seed=seed))
        torch.rand(7)  # a model draws what it likes
        return [image for _ in range(3) for image in next(loader)['inputs']]

    init_default_scope('mmdet')
    first, second, third = (
        batches(resolve(study, arm), seed=3) for arm in study.arms[:3]
    )
    for other in (second, third):
        assert all(map(torch.equal, first, other))
    different = batches(resolve(study, study.arms[0]), seed=4)
    assert not torch.equal(first[0], different[0])
