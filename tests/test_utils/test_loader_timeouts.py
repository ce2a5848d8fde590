"""A loader of which nothing comes ends with a remedy."""

import time

import pytest
import torch
from mmengine.config import Config
from torch.utils.data import DataLoader, Dataset

from mmremax.utils.loader_timeouts import SECONDS, loader_timeouts


class Silent(Dataset):
    def __len__(self):
        return 1

    def __getitem__(self, index):
        time.sleep(60)


def test_a_silent_worker_is_named():
    loader = DataLoader(Silent(), num_workers=1, timeout=0.2)
    with pytest.raises(SystemExit, match='no batch came.*/dev/shm'):
        with loader_timeouts(Config()):
            next(iter(loader))
    with pytest.raises(RuntimeError, match='other'):
        with loader_timeouts(Config()):
            raise RuntimeError('other')
    assert torch.utils.data.get_worker_info() is None


def test_loaders_with_workers_get_a_limit():
    cfg = Config(
        dict(
            train_dataloader=dict(num_workers=2),
            val_dataloader=dict(num_workers=0),
            test_dataloader=dict(num_workers=1, timeout=7),
        )
    )
    with loader_timeouts(cfg):
        assert cfg.train_dataloader.timeout == SECONDS
        assert 'timeout' not in cfg.val_dataloader
        assert cfg.test_dataloader.timeout == 7
