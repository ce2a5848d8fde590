"""Curves of a run in TensorBoard, MLflow or Weights & Biases.

mmengine's backends write them; here they get a place in the work folder
that a resumed run finds again.
"""

from __future__ import annotations

import os
import re
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import VISBACKENDS
from mmengine.visualization import MLflowVisBackend, WandbVisBackend

TRACKERS = ('tensorboard', 'mlflow', 'wandb')
WANDB_FOLDER = re.compile(r'run-\d{8}_\d{6}-(.+)$')


def add_tracker(cfg: Config, name: str) -> None:
    """Let a run write losses, rates, scores and config to a tracker, too.

    Leaves with one line if the package is missing.

    Args:
        cfg: With `work_dir`, and `resume` set if the run goes on; changed in
            place.
        name: One of ``TRACKERS``.
    """
    if find_spec(name) is None:
        sys.exit(
            f'--vis {name}: the package is missing: pip install {name} '
            '(versions that were tested: requirements/tracking.txt).'
        )
    folder, resume = Path(cfg.work_dir).resolve(), bool(cfg.get('resume'))
    if name == 'tensorboard':
        place = folder / name / _tensorboard_run(folder / name, resume)
        backend = dict(type='TensorboardVisBackend', save_dir=str(place))
    else:
        kinds = dict(mlflow='RunMLflowBackend', wandb='RunWandbBackend')
        backend = dict(type=kinds[name], save_dir=str(folder), resume=resume)
    local = dict(
        type='Visualizer', vis_backends=[dict(type='LocalVisBackend')]
    )
    visualizer = cfg.setdefault('visualizer', local)
    others = [
        one
        for one in visualizer['vis_backends']
        if one['type'] != backend['type']
    ]
    visualizer['vis_backends'] = [*others, backend]


def _tensorboard_run(folder: Path, resume: bool) -> str:
    """Name the folder of a run: the last one if it goes on, else a new one.

    Two runs in one folder would be drawn as one curve that jumps back.
    """
    runs = sorted(path.name for path in folder.glob('*'))
    return runs[-1] if resume and runs else time.strftime('%Y%m%d_%H%M%S')


@VISBACKENDS.register_module()
class RunMLflowBackend(MLflowVisBackend):
    """One run of MLflow for a training, also over stops.

    The store is the one that ``MLFLOW_TRACKING_URI`` names, else
    ``mlflow/mlflow.db`` in the work folder: MLflow 3 refuses the plain files
    that mmengine asks it for. Log files stay in the work folder.

    Args:
        save_dir: The work folder; its name is that of the experiment.
        resume: Go on in the folder's last run, if there is one. Parameters
            of a run cannot change, so its config is stored as a file alone.
    """

    def __init__(self, save_dir: str, resume: bool = False) -> None:
        self.folder = Path(save_dir)
        self.resume = resume
        store, artifacts = os.environ.get('MLFLOW_TRACKING_URI'), None
        if not store:
            store = f'sqlite:///{self.folder}/mlflow/mlflow.db'
            artifacts = (self.folder / 'mlflow' / 'artifacts').as_uri()
        super().__init__(
            str(self.folder / 'mlflow'),
            exp_name=self.folder.name,
            tracking_uri=store,
            artifact_location=artifacts,
            artifact_suffix=(),
        )

    def _init_env(self) -> None:
        super()._init_env()
        tag = str(self.folder)
        runs = self._mlflow.search_runs(
            experiment_names=[self._exp_name],
            filter_string=f'tags.work_dir = "{tag}"',
            output_format='list',
            max_results=1,  # the last
        )
        self.resume = self.resume and bool(runs)
        if self.resume:
            self._mlflow.start_run(run_id=runs[0].info.run_id)
        else:
            self._mlflow.start_run(tags=dict(work_dir=tag))

    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Store the config, its keys as parameters if the run is new."""
        mlflow = self.experiment  # starts or finds the run
        if self.resume:
            self.cfg = config
            mlflow.log_text(config.pretty_text, 'config_resumed.py')
        else:
            super().add_config(config, **kwargs)


@VISBACKENDS.register_module()
class RunWandbBackend(WandbVisBackend):
    """One run of Weights & Biases for a training, also over stops.

    The horizontal axis is the iteration. Code is not uploaded: mmengine's
    backend sends every Python file below the current folder.

    Args:
        save_dir: The work folder; the run has its name.
        resume: Go on in the folder's last run, if there is one.
    """

    def __init__(self, save_dir: str, resume: bool = False) -> None:
        folder = Path(save_dir)
        options = dict(dir=save_dir, name=folder.name, allow_val_change=True)
        found = sorted(
            match.group()
            for path in folder.glob('wandb/*run-*')
            if (match := WANDB_FOLDER.search(path.name))
        )
        if resume and found:
            run_id = WANDB_FOLDER.match(found[-1]).group(1)
            options.update(id=run_id, resume='allow')
        axis = [dict(name='*', step_metric='iter')]
        super().__init__(save_dir, options, define_metric_cfg=axis)

    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Store the config; a resumed run may change it."""
        self.experiment  # noqa: B018 (starts or finds the run)
        self._wandb.config.update(config.to_dict(), allow_val_change=True)

    def add_scalars(
        self, scalar_dict: dict, step: int = 0, *args: Any, **kwargs: Any
    ) -> None:
        """Store values of an iteration."""
        super().add_scalars(dict(scalar_dict, iter=step), step)
