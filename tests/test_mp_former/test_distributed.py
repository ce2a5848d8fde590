"""Two processes with different segment counts train one MP-Former head."""

import os
import socket
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from tests.helpers.mask2former_fixture import build_head, features, samples


class TotalLoss(nn.Module):
    """The sum of the losses, as a forward pass that DDP can wrap."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head
        self.losses = {}

    def forward(self, x: list[Tensor], batch: list) -> Tensor:
        self.losses = self.head.loss(x, batch)
        return sum(self.losses.values())


def run_rank(rank: int, port: int, folder: Path) -> None:
    """Rank 0 has four segments an image, rank 1 two, then none."""
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    dist.init_process_group('gloo', rank=rank, world_size=2)
    torch.set_num_threads(1)
    head = build_head(
        type='MPFormerHead', mp_cfg=dict(num_groups=2, query_pos='none')
    )
    model = DistributedDataParallel(TotalLoss(head))
    for empty in ((), (0, 1)):
        model.zero_grad()
        batch = samples()
        if rank == 1:
            batch = samples(instance=True, empty=empty)
        model(features(), batch).backward()
    state = dict(
        keys=list(model.module.losses),
        values={k: v.detach() for k, v in model.module.losses.items()},
        grads={k: p.grad for k, p in head.named_parameters()},
    )
    torch.save(state, folder / f'{rank}.pth')
    dist.destroy_process_group()


def test_ranks_log_the_same_keys_and_agree(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    mp.spawn(run_rank, args=(port, tmp_path), nprocs=2)
    first, second = (torch.load(tmp_path / f'{i}.pth') for i in range(2))
    assert first['keys'] == second['keys']
    assert first['values']['mp_loss_cls'] > 0
    assert second['values']['mp_loss_cls'] == 0
    assert first['grads'].pop('query_embed.weight') is None
    for name, grad in first['grads'].items():
        assert torch.equal(grad, second['grads'][name]), name
        assert torch.isfinite(grad).all(), name
