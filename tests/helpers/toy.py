"""A model, a data set and a config that train in milliseconds.

The model draws from torch's generator (dropout), has a norm with running
statistics, and returns losses and a diagnostic as the detectors do.
"""

import hashlib
import os
import signal
from pathlib import Path

import torch
from mmdet.registry import DATASETS, HOOKS, METRICS, MODELS
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from mmengine.model import BaseModel
from mmengine.structures import BaseDataElement
from torch import nn
from torch.utils.data import Dataset


@DATASETS.register_module()
class ToyDataset(Dataset):
    """Numbers; sample `nan_at` is not finite."""

    ann_file = 'toy/annotations.json'

    def __init__(
        self, length=64, nan_at=-1, num_things=2, things=None, data_root=''
    ):
        self.length = length
        self.nan_at = nan_at
        self.metainfo = dict(
            thing_classes=things or [f't{i}' for i in range(num_things)],
            stuff_classes=['s0'],
        )

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        inputs = torch.linspace(-1, 1, 8).roll(int(index)) * (1 + index % 5)
        scale = float('nan') if int(index) == self.nan_at else 1.0
        sample = BaseDataElement(
            metainfo=dict(img_id=int(index), img_path=f'toy/{int(index)}.jpg')
        )
        sample.scale = scale
        return dict(inputs=inputs, data_samples=sample)


@MODELS.register_module()
class ToyModel(BaseModel):
    """A layer, a norm, dropout and two losses."""

    num_things_classes = 2
    num_stuff_classes = 1

    def __init__(self, data_preprocessor=None):
        super().__init__(data_preprocessor)
        self.layer = nn.Linear(8, 8)
        self.norm = nn.BatchNorm1d(8)
        self.out = nn.Linear(8, 1)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        inputs = torch.stack(list(inputs))
        hidden = nn.functional.dropout(
            self.norm(self.layer(inputs)), training=self.training
        )
        prediction = self.out(hidden)
        if mode != 'loss':
            return data_samples
        scales = prediction.new_tensor([s.scale for s in data_samples])
        return dict(
            loss_a=(prediction.squeeze(1) * scales).pow(2).mean(),
            loss_b=(prediction - 1).abs().mean(),
            m_hat_mean=prediction.detach().mean(),
        )


@METRICS.register_module()
class ToyMetric(BaseMetric):
    """A score that grows with the steps; draws a random number."""

    def process(self, data_batch, data_samples):
        torch.rand(1)
        self.results.extend([1] * len(data_samples))

    def compute_metrics(self, results):
        step = MessageHub.get_current_instance().runtime_info.get('iter', 0)
        return {'coco_panoptic/PQ': float(step)}


@HOOKS.register_module()
class LossLog(Hook):
    """Writes each step's loss, and the weights' digest at the end.

    Kills the process if told to.
    """

    priority = 'LOWEST'

    def __init__(self, path, kill_at=-1):
        self.path = Path(path)
        self.kill_at = kill_at

    def after_train_iter(self, runner, batch_idx, data_batch, outputs):
        with open(f'{self.path}.{runner.rank}', 'a') as file:
            loss = outputs['loss'].item().hex()
            file.write(f'{runner.iter + 1} {loss}\n')
        if runner.iter + 1 == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def after_train(self, runner):
        digest = hashlib.sha256()
        for parameter in runner.model.parameters():
            digest.update(parameter.detach().cpu().numpy().tobytes())
        path = Path(f'{self.path}.weights.{runner.rank}')
        path.write_text(digest.hexdigest())


def toy_config(folder, max_iters=8, interval=2, **model):
    """Write a config file that inherits `default_runtime.py`.

    Args:
        folder: Where the config and the losses go.
        max_iters: Steps.
        interval: Steps between checkpoints; a validation every third step.
        model: Keys of the model.

    Returns:
        Path of the config; losses go to `losses.RANK` beside it.
    """
    runtime = Path(__file__).parents[2] / 'configs/_base_/default_runtime.py'
    path = Path(folder) / 'toy.py'
    path.write_text(f"""
_base_ = ['{runtime}']
custom_imports = dict(
    imports=['mmremax', 'tests.helpers.toy'], allow_failed_imports=False)
work_dir = '{folder}/run'
model = dict(type='ToyModel', **{model!r})
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='AdamW', lr=0.01))
param_scheduler = [dict(type='LinearLR', start_factor=0.1, by_epoch=False,
                        begin=0, end={max_iters})]
train_cfg = dict(type='IterBasedTrainLoop', max_iters={max_iters},
                 val_interval=3)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
train_dataloader = dict(
    batch_size=4, num_workers=0,
    dataset=dict(type='ToyDataset', data_root='toy/'),
    sampler=dict(type='SeededInfiniteSampler', shuffle=True),
    collate_fn=dict(type='pseudo_collate'))
val_dataloader = dict(
    batch_size=2, num_workers=0, dataset=dict(type='ToyDataset', length=4),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='pseudo_collate'))
test_dataloader = val_dataloader
val_evaluator = dict(type='ToyMetric')
test_evaluator = val_evaluator
default_hooks = dict(
    checkpoint=dict(interval={interval}, max_keep_ckpts=2),
    logger=dict(interval=2))
custom_hooks = _base_.custom_hooks + [
    dict(type='LossLog', path='{folder}/losses')]
""")
    return path
