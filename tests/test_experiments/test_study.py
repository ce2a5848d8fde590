"""Study files: the project's build; wrong ones say what to change."""

from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmremax.experiments import (
    StudyError,
    load_study,
    resolve,
)
from mmremax.experiments.settings import (
    fingerprint,
    settings_of,
)
from mmremax.utils.config_edits import (
    remove_pretrained,
    set_data_root,
)
from tests.helpers.meta import on_meta

from .toy_study import write_study

STUDIES = Path(__file__).parents[2] / 'configs' / 'studies'
PATHS = sorted(STUDIES.glob('*.py'))


@pytest.mark.parametrize('path', PATHS, ids=lambda path: path.stem)
def test_arms_build_and_differ(path: Path) -> None:
    """Every option reaches a constructor; no two arms are the same."""
    study = load_study(path)
    prints = set()
    for arm in study.arms:
        cfg = resolve(study, arm)
        init_default_scope(cfg.default_scope)
        remove_pretrained(cfg)
        with on_meta():
            MODELS.build(cfg.model)
        prints.add(fingerprint(settings_of(cfg, 0)))
    assert len(prints) == len(study.arms)


@pytest.mark.parametrize('path', PATHS, ids=lambda path: path.stem)
def test_study_has_a_readme_row(path: Path) -> None:
    assert f'({path.name})' in (STUDIES / 'README.md').read_text()


def test_arms_of_a_seed_see_the_same_data(shapes_root: Path) -> None:
    """Images, augmentation and order; another seed sees others."""
    study = load_study(STUDIES / 'convergence.py')

    def batches(cfg: Config, seed: int) -> list[torch.Tensor]:
        set_data_root(cfg, str(shapes_root))
        options = dict(
            cfg.train_dataloader,
            num_workers=0,
            persistent_workers=False,
            batch_size=4,
        )
        loader = iter(Runner.build_dataloader(options, seed=seed))
        torch.rand(7)  # a model draws what it likes
        return [image for _ in range(3) for image in next(loader)['inputs']]

    init_default_scope('mmdet')
    first, *others = (
        batches(resolve(study, arm), seed=3) for arm in study.arms
    )
    assert len(others) == 2
    for other in others:
        assert all(map(torch.equal, first, other))
    different = batches(resolve(study, study.arms[0]), seed=4)
    assert not torch.equal(first[0], different[0])


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ("title = 'Toy'", '', 'title is missing'),
        ("title = 'Toy'", 'titel = 1', 'titel .* Did you mean title'),
        ('seeds = 2', "seeds = 'two'", 'seeds .* int or list'),
        ('seeds = 2', 'seeds = 0', 'seeds must be'),
        ('seeds = 2', 'budget = True', 'budget is True'),
        ("baseline = 'base'", "baseline = 'bass'", 'none of the arms base'),
        ('toy.py', 'toi.py', 'no file .*toi.py'),
        ('config=', 'konfig=', 'konfig .* Did you mean config'),
        ('optimizer.lr', 'optimiser.lr', 'has no key optimiser'),
        ('optim_wrapper.', 'optim_wraper.', 'Did you mean optim_wrapper'),
        ('arms = dict(', 'arms = dict(a=1, ', 'make it a dict'),
        ('arms = dict(', 'arms = dickt(', 'NameError'),
    ],
)
def test_wrong_study_file(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = write_study(tmp_path, base=0.0)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(StudyError, match=message) as error:
        read_and_resolve(path)
    assert str(path) in str(error.value)


def read_and_resolve(path: Path) -> None:
    study = load_study(path)
    resolve(study, study.arms[0])


def test_missing_study_file(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match='There is no study file'):
        load_study(tmp_path / 'none.py')


def test_base_is_filled_in(tmp_path: Path) -> None:
    base = write_study(tmp_path, base=0.0, other=0.02)
    path = tmp_path / 'inner' / 'longer.py'
    path.parent.mkdir()
    path.write_text(
        "_base_ = '../study.py'\ntitle = 'Longer'\n_steps = 80\n"
        "options = {'train_cfg.max_iters': _steps}\n"
    )
    study = load_study(path)
    assert (study.name, study.title) == ('longer', 'Longer')
    assert study.seeds == load_study(base).seeds
    assert resolve(study, study.arms[1]).train_cfg.max_iters == 80
    assert study.arms[1].options['optim_wrapper.optimizer.lr'] == 0.02


def test_settings_follow_the_data_not_their_place(tmp_path: Path) -> None:
    prints = []
    for name, content in (('a', '{}'), ('b', '{}'), ('c', '{"images": 1}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'ann.json').write_text(content)
        cfg = Config(
            dict(
                work_dir=name,
                train_dataloader=dict(
                    dataset=dict(
                        data_root=str(tmp_path / name), ann_file='ann.json'
                    )
                ),
            )
        )
        prints.append(fingerprint(settings_of(cfg, 0)))
    assert prints[0] == prints[1] != prints[2]
    assert fingerprint(settings_of(cfg, 1)) != prints[2]
    assert fingerprint(settings_of(cfg, 0, ('--amp',))) != prints[2]
