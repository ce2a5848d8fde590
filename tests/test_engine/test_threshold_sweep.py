"""A sweep of thresholds gives what a test with each of them gives."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmremax.engine.threshold_sweep import sweep_thresholds
from mmremax.kmax.merge import FusionConfig
from mmremax.utils.config_edits import (
    merge_options,
    set_data_root,
)

CONFIG = (
    Path(__file__).parents[2] / 'configs/quickstart/remax_mnv3-s_shapes.py'
)
SETTINGS = [
    FusionConfig(pixel_threshold=0.0, thing_threshold=0.0),
    FusionConfig(pixel_threshold=0.0, stuff_threshold=0.0),
    FusionConfig(),
]


class Recorder:
    """In place of an evaluator: keeps the panoptic maps."""

    dataset_meta = None

    def __init__(self) -> None:
        self.maps = []

    def process(self, data_samples: list, data_batch: dict) -> None:
        self.maps += [s.pred_panoptic_seg.sem_seg for s in data_samples]

    def evaluate(self, size: int) -> dict:
        assert len(self.maps) == size
        return dict(maps=self.maps)


@pytest.fixture
def runner(tmp_path: Path, shapes_root: Path) -> Runner:
    torch.manual_seed(0)
    cfg = Config.fromfile(CONFIG)
    set_data_root(cfg, str(shapes_root))
    loader = 'test_dataloader.'
    merge_options(
        cfg,
        {
            loader + 'num_workers': 0,
            loader + 'persistent_workers': False,
            loader + 'batch_size': 3,
        },
    )
    cfg.work_dir = str(tmp_path)
    return Runner.from_cfg(cfg)


def test_as_a_pass_for_each_setting(runner: Runner, monkeypatch) -> None:
    monkeypatch.setattr(runner, 'build_evaluator', lambda _: Recorder())
    fusion = runner.model.panoptic_fusion_head
    before = fusion.test_cfg
    swept = sweep_thresholds(runner, SETTINGS, runner.test_dataloader)
    assert fusion.test_cfg is before
    for setting, result in zip(SETTINGS, swept, strict=True):
        fusion.test_cfg = setting
        expected = Recorder()
        for batch in runner.test_dataloader:
            expected.process(runner.model.test_step(batch), batch)
        assert all(map(torch.equal, result['maps'], expected.maps))
    first, second, _ = swept
    assert not all(map(torch.equal, first['maps'], second['maps']))
