"""Training in two processes: kMaX with ReMaX, Mask2Former with either method.

One start of two processes serves all tests: each saves the gradients that
DistributedDataParallel gave it, and the losses of its last step.
"""

import os
import socket
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from mmremax.kmax.segments import BatchSegments
from tests.helpers.loss_fixture import as_data_samples
from tests.helpers.mask2former_fixture import (
    REMAX,
    build_head,
    features,
    samples,
    total,
)
from tests.helpers.model_fixture import build_model


class TotalLoss(nn.Module):
    """The sum of the losses, as a forward pass that DDP can wrap."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.losses = {}

    def forward(self, inputs: Tensor | list[Tensor], batch: list) -> Tensor:
        head = getattr(self.model, 'panoptic_head', self.model)
        if head is not self.model:
            inputs = self.model.extract_feat(inputs)
        self.losses = head.loss(inputs, batch)
        return total(self.losses)


def kmax() -> nn.Module:
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


def images(start: int, stop: int) -> tuple:
    """Images start to stop of four, one of them without any segment."""
    generator = torch.Generator().manual_seed(7)
    pixels = torch.randn(4, 3, 33, 33, generator=generator)
    maps = torch.randint(-1, 3, (4, 3, 3), generator=generator)
    maps = maps.repeat_interleave(3, 1).repeat_interleave(3, 2)
    labels = [torch.tensor([0, 4, 0])] * 4
    maps[2], labels[2] = -1, torch.zeros(0, dtype=torch.long)
    segments = BatchSegments(maps[start:stop], labels[start:stop])
    return pixels[start:stop], as_data_samples(segments)


def jobs(rank: int) -> dict[str, tuple[nn.Module, list[tuple]]]:
    """Model and batches of each job; images without segments on rank 1."""
    relaxed = build_head(type='ReMaXMask2FormerHead', **REMAX)
    pilots = dict(num_groups=2, query_pos='none')
    piloted = build_head(type='MPFormerHead', mp_cfg=pilots)
    some = samples(empty=(0,) if rank else ())
    steps = [(features(seed=10 * rank + step), some) for step in range(2)]
    pilot_steps = [
        (features(), samples(bool(rank), empty if rank else ()))
        for empty in ((), (0, 1))
    ]
    return dict(
        kmax=(kmax(), [images(2 * rank, 2 * rank + 2)]),
        remax=(relaxed, steps),
        mp_former=(piloted, pilot_steps),
    )


def gradients(module: nn.Module) -> dict[str, Tensor | None]:
    return {name: p.grad for name, p in module.named_parameters()}


def run_rank(rank: int, port: int, folder: Path) -> None:
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    dist.init_process_group('gloo', rank=rank, world_size=2)
    torch.set_num_threads(1)
    results = {}
    for name, (model, batches) in jobs(rank).items():
        single = TotalLoss(model)
        wrapped = DistributedDataParallel(single)
        for batch in batches:
            wrapped.zero_grad()
            wrapped(*batch).backward()
        losses = {k: v.detach() for k, v in single.losses.items()}
        results[name] = gradients(model), losses
    torch.save(results, folder / f'{rank}.pth')
    dist.destroy_process_group()


@pytest.fixture(scope='module')
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict]:
    folder = tmp_path_factory.mktemp('ranks')
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    mp.spawn(run_rank, args=(port, folder), nprocs=2)
    return [torch.load(folder / f'{rank}.pth') for rank in range(2)]


@pytest.mark.parametrize('name', ['kmax', 'remax', 'mp_former'])
def test_ranks_agree(ranks: list[dict], name: str) -> None:
    """Every parameter is used on both, and gets the same gradient."""
    (first, losses), (second, other_losses) = (rank[name] for rank in ranks)
    assert list(losses) == list(other_losses)
    if name == 'mp_former':
        assert losses['mp_loss_cls'] > 0
        assert other_losses['mp_loss_cls'] == 0
        assert first.pop('query_embed.weight') is None
    for key, grad in first.items():
        assert grad.isfinite().all(), key
        assert torch.equal(grad, second[key]), key


def test_two_ranks_with_two_images_each_equal_one(ranks: list[dict]) -> None:
    single = TotalLoss(kmax())
    single(*images(0, 4)).backward()
    wanted = gradients(single.model)
    found = ranks[0]['kmax'][0]
    assert wanted.keys() == found.keys()
    scale = max(grad.abs().max() for grad in wanted.values())
    for name, grad in wanted.items():
        assert (found[name] - grad).abs().max() < 1e-5 * scale, name
