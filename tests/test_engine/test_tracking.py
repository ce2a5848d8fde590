"""What a tracker holds after a run, and after the run went on."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from mmremax.engine.tracking import TRACKERS, add_tracker
from mmremax.utils.resume import resume_from
from tests.helpers.toy import toy_config

Curve = list[tuple[int, float]]  # step, value
KEYS = ('loss', 'lr', 'coco_panoptic/PQ')


def train(folder: Path, tracker: str, max_iters: int, resume: bool) -> None:
    cfg = Config.fromfile(toy_config(folder, max_iters=8))
    cfg.merge_from_dict({'train_cfg.max_iters': max_iters})
    cfg.experiment_name = f'{folder}-{tracker}-{max_iters}-{resume}'
    if resume:
        resume_from(cfg, 'auto')
    add_tracker(cfg, tracker)
    Runner.from_cfg(cfg).train()


def read_tensorboard(run: Path) -> tuple[dict[str, Curve], str]:
    """Read the only run: the curves and the config that it began with."""
    from tensorboard.backend.event_processing import event_accumulator

    (folder,) = (run / 'tensorboard').iterdir()
    events = event_accumulator.EventAccumulator(str(folder)).Reload()
    curves = {
        key: [(e.step, e.value) for e in events.Scalars(key)] for key in KEYS
    }
    text = events.Tensors('config/text_summary')[0].tensor_proto
    return curves, text.string_val[0].decode()


def read_mlflow(run: Path) -> tuple[dict[str, Curve], str]:
    import mlflow

    client = mlflow.MlflowClient(f'sqlite:///{run}/mlflow/mlflow.db')
    experiment = client.get_experiment_by_name(run.name)
    (entry,) = client.search_runs([experiment.experiment_id])
    curves = {
        key: [
            (m.step, m.value)
            for m in client.get_metric_history(entry.info.run_id, key)
        ]
        for key in KEYS
    }
    assert entry.info.status == 'FINISHED'
    assert entry.data.params['optim_wrapper.optimizer.lr'] == '0.01'
    (config,) = (run / 'mlflow' / 'artifacts').glob('*/artifacts/config.py')
    return curves, config.read_text()


READERS = [
    pytest.param(
        *(name, reader),
        marks=pytest.mark.skipif(
            find_spec(name) is None, reason=f'{name} is not installed'
        ),
    )
    for name, reader in (
        ('tensorboard', read_tensorboard),
        ('mlflow', read_mlflow),
    )
]


@pytest.mark.parametrize(('name', 'read'), READERS)
def test_a_resumed_run_goes_on_in_the_same_store(tmp_path, name, read):
    """Losses every second step; the toy's score, steps before it, every third.

    The last step of either run is scored, too.
    """
    for max_iters, resume in ((4, False), (8, True)):
        train(tmp_path, name, max_iters, resume)
    curves, config = read(tmp_path / 'run')
    assert [step for step, _ in curves['loss']] == [2, 4, 6, 8]
    assert all(value > 0 for _, value in curves['loss'])
    assert [step for step, _ in curves['lr']] == [2, 4, 6, 8]
    assert curves['lr'][-1][1] > curves['lr'][0][1]
    assert curves['coco_panoptic/PQ'] == [(3, 2), (4, 3), (6, 5), (8, 7)]
    assert 'max_iters=4' in config
    assert list((tmp_path / 'run').glob('2*/vis_data/scalars.json'))


@pytest.mark.skipif(find_spec('tensorboard') is None, reason='tensorboard')
def test_a_new_run_does_not_write_into_the_curves_of_an_older_one(tmp_path):
    old = tmp_path / 'run' / 'tensorboard' / '20200101_000000'
    old.mkdir(parents=True)
    train(tmp_path, 'tensorboard', max_iters=2, resume=False)
    assert not list(old.iterdir())
    assert len(list(old.parent.iterdir())) == 2


@pytest.mark.parametrize('name', TRACKERS)
def test_missing_package_is_named_with_its_remedy(monkeypatch, name):
    monkeypatch.setattr('mmremax.engine.tracking.find_spec', lambda _: None)
    with pytest.raises(SystemExit, match=f'pip install {name} ') as leaving:
        add_tracker(Config(dict(work_dir='w')), name)
    assert '\n' not in str(leaving.value)


def test_a_backend_is_not_added_twice(monkeypatch, tmp_path):
    """A config of a work folder has it already."""
    monkeypatch.setattr('mmremax.engine.tracking.find_spec', lambda _: True)
    cfg = Config(dict(work_dir=str(tmp_path)))
    for _ in range(2):
        for name in TRACKERS:
            add_tracker(cfg, name)
    types = [backend['type'] for backend in cfg.visualizer.vis_backends]
    assert types == [
        *('LocalVisBackend', 'TensorboardVisBackend'),
        *('RunMLflowBackend', 'RunWandbBackend'),
    ]
