"""Two processes with two images each give the gradient of one with four."""

import os
import socket
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from mmremax.kmax.segments import BatchSegments
from tests.helpers.loss_fixture import as_data_samples
from tests.helpers.model_fixture import build_model


def frozen_model():
    """ReMaX with running statistics, no dropout, all locations sampled."""
    torch.manual_seed(0)
    model = build_model(with_remax=True).eval()
    head = model.panoptic_head
    for loss in (
        head.loss_insdis,
        head.loss_aux_semantic,
        head.semantic_head.loss_semantic,
    ):
        loss.num_samples = 0
    return model


class TotalLoss(nn.Module):
    """The sum of the losses, as a forward pass that DDP can wrap."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, images, data_samples):
        feats = self.model.extract_feat(images)
        losses = self.model.panoptic_head.loss(feats, data_samples)
        return self.model.parse_losses(losses)[0]


def batch(start, stop):
    """Images start to stop of four, one of them without any segment."""
    generator = torch.Generator().manual_seed(7)
    images = torch.randn(4, 3, 33, 33, generator=generator)
    maps = torch.randint(-1, 3, (4, 3, 3), generator=generator)
    maps = maps.repeat_interleave(3, 1).repeat_interleave(3, 2)
    labels = [torch.tensor([0, 4, 0])] * 4
    maps[2], labels[2] = -1, torch.zeros(0, dtype=torch.long)
    segments = BatchSegments(maps[start:stop], labels[start:stop])
    return images[start:stop], as_data_samples(segments)


def gradients(module):
    return {
        name.removeprefix('module.'): p.grad
        for name, p in module.named_parameters()
        if p.grad is not None
    }


def run_rank(rank, port, folder):
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    dist.init_process_group('gloo', rank=rank, world_size=2)
    torch.set_num_threads(1)
    wrapped = DistributedDataParallel(TotalLoss(frozen_model()))
    wrapped(*batch(2 * rank, 2 * rank + 2)).backward()
    torch.save(gradients(wrapped), Path(folder) / f'{rank}.pth')
    dist.destroy_process_group()


def test_two_ranks_equal_one(tmp_path):
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    mp.spawn(run_rank, args=(port, tmp_path), nprocs=2)
    ranks = [torch.load(tmp_path / f'{rank}.pth') for rank in range(2)]

    single = TotalLoss(frozen_model())
    single(*batch(0, 4)).backward()
    wanted = gradients(single)
    assert wanted.keys() == ranks[0].keys() == ranks[1].keys()
    scale = max(grad.abs().max() for grad in wanted.values())
    for name, grad in wanted.items():
        assert torch.equal(ranks[0][name], ranks[1][name]), name
        assert (ranks[0][name] - grad).abs().max() < 1e-5 * scale, name
