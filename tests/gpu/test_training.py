"""Mixed precision, skipped updates, resuming, compiling, two processes."""

import copy
import os
import socket
from functools import partial

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from mmremax.engine.optim import CPUAmpOptimWrapper
from tests.helpers.campaigns import read_losses, train_tool
from tests.helpers.toy import toy_config

from .cases import CASES, case_of, total

NEAR = 0.1  # of the float32 loss after as many steps


def curve(model: nn.Module, batch: dict, steps: int, make) -> torch.Tensor:
    """Train a copy of the model on one batch; the loss of each step."""
    model = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-4)
    wrapper = make(optimizer=optimizer, clip_grad=dict(max_norm=1.0))
    losses = [
        model.train_step(copy.deepcopy(batch), wrapper)['loss']
        for _ in range(steps)
    ]
    return torch.stack(losses).cpu()


@pytest.mark.parametrize('dtype', ['float16', 'bfloat16'])
@pytest.mark.parametrize('name', CASES)
def test_mixed_precision(name, dtype, device, tmp_path):
    """50 steps are finite, and end where float32 does."""
    is_cpu = device.type == 'cpu'
    if is_cpu and dtype == 'float16':
        pytest.skip('a CPU trains in bfloat16')
    make, steps = partial(AmpOptimWrapper, dtype=dtype), 50
    if is_cpu:
        make, steps = CPUAmpOptimWrapper, 4
    model, batch = case_of(name, tmp_path)
    model.to(device)
    torch.manual_seed(3)
    expected = curve(model, batch, steps, OptimWrapper)
    torch.manual_seed(3)
    found = curve(model, batch, steps, make)
    assert found.isfinite().all()
    last = slice(-steps // 5, None)
    ratio = found[last].mean() / expected[last].mean()
    assert abs(ratio - 1) < NEAR, (found, expected)


def test_skipped_updates_end(tmp_path, device):
    """A loss scale far too large: mmengine halves it, the run goes on."""
    if device.type == 'cpu':
        pytest.skip('there is no loss scale on a CPU')
    config = toy_config(tmp_path, max_iters=120, interval=120)
    scale = dict(init_scale=2.0**80)
    with config.open('a') as file:
        file.write(f'optim_wrapper.update(loss_scale={scale!r})\n')
    assert train_tool(config, '--amp') == 0
    losses = [float.fromhex(v) for v in read_losses(tmp_path).values()]
    assert losses[0] == losses[-1] or min(losses[-20:]) < losses[0]


def test_resume_repeats_the_losses(tmp_path):
    """Random numbers of the device, too (dropout)."""
    whole, cut = tmp_path / 'whole', tmp_path / 'cut'
    for folder in (whole, cut):
        folder.mkdir()
    assert train_tool(toy_config(whole)) == 0
    config = toy_config(cut)
    options = ('--cfg-options', 'default_hooks.checkpoint.max_keep_ckpts=9')
    assert train_tool(config, *options) == 0
    (cut / 'losses.0').unlink()
    checkpoint = str(cut / 'run/iter_4.pth')
    assert train_tool(config, '--resume', checkpoint) == 0
    rest = {step: read_losses(whole)[step] for step in (5, 6, 7, 8)}
    assert read_losses(cut) == rest


@pytest.mark.parametrize('name', ['kmax', 'remax'])
def test_the_network_compiles_whole(name, device, tmp_path):
    """Without a graph break in training; the same numbers."""
    model, batch = case_of(name, tmp_path)
    model.to(device)
    head = model.panoptic_head

    def network(images):
        outputs, *_ = head.forward_train(model.extract_feat(images))
        return [(o.class_logits, o.mask_logits) for o in outputs]

    data = model.data_preprocessor(batch, training=True)
    expected = network(data['inputs'])
    # On a CPU only the tracing: that is where a graph would break.
    backend = 'eager' if device.type == 'cpu' else 'inductor'
    compiled = torch.compile(network, fullgraph=True, backend=backend)
    for found, pair in zip(compiled(data['inputs']), expected, strict=True):
        for one, other in zip(found, pair, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)


class _Loss(nn.Module):
    """The sum of a model's losses, as DistributedDataParallel wraps it."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs, data_samples):
        return total(self.model(inputs, data_samples, mode='loss'))


def _rank(rank: int, port: int, device: str, folder: str) -> None:
    """Train a step on one of two images; save what DDP made of it."""
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    dist.init_process_group('gloo', rank=rank, world_size=2)
    model, batch = case_of('remax', folder)
    data = model.eval().to(device).data_preprocessor(batch)
    half = [values[rank : rank + 1] for values in data.values()]
    wrapped = DistributedDataParallel(_Loss(model))
    wrapped(*half).backward()
    norm = nn.SyncBatchNorm(4).to(device)
    features = torch.arange(8.0, device=device).view(2, 4)[rank : rank + 1]
    moved = None
    if device != 'cpu':
        moved = norm(features[..., None]).detach().cpu()
    gradients = {n: p.grad.cpu() for n, p in model.named_parameters()}
    torch.save((gradients, moved), f'{folder}/{rank}.pth')
    dist.destroy_process_group()


def test_two_processes_on_one_device(device, tmp_path):
    """Both have the same gradients; their norms see both halves."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    mp.spawn(_rank, (port, str(device), str(tmp_path)), nprocs=2)
    (one, first), (two, second) = (
        torch.load(tmp_path / f'{rank}.pth') for rank in (0, 1)
    )
    for name, gradient in one.items():
        assert torch.equal(gradient, two[name]), name
    if first is not None:
        torch.testing.assert_close(first, -second)
