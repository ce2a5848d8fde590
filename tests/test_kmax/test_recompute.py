"""Recomputed results: equal gradients, updated statistics, less memory."""

from contextlib import nullcontext

import pytest
import torch
from torch import nn

from mmremax.engine.measure import synthetic_batch
from mmremax.kmax.recompute import MAKERS, recomputing
from tests.helpers.model_fixture import build_model


def layers() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.BatchNorm2d(4),
        nn.GELU(),
        nn.Conv2d(4, 4, 3),
        nn.BatchNorm2d(4),
        nn.GELU(approximate='tanh'),
        nn.Conv2d(4, 2, 1),
    )


def run(model: nn.Module, context, x: torch.Tensor) -> list:
    model.zero_grad()
    with context:
        out = model(x)
    out.square().sum().backward()
    grads = [p.grad for p in model.parameters() if p.requires_grad]
    return [*grads, *model.state_dict().values()]


@pytest.mark.parametrize('case', ['train', 'eval', 'frozen bias', 'no affine'])
def test_gradients_and_statistics_are_equal(case):
    models = [layers(), layers()]
    for model in models:
        model.train(case != 'eval')
        model[1].bias.requires_grad_(case != 'frozen bias')
        if case == 'no affine':
            model[1] = nn.BatchNorm2d(4, affine=False)
    x = torch.randn(2, 3, 9, 9)
    plain = run(models[0], nullcontext(), x)
    remade = run(models[1], recomputing(), x)
    for one, other in zip(plain, remade, strict=True):
        assert torch.equal(one, other)


def test_two_maps_of_three_are_not_kept():
    """Of conv, norm, GELU, conv: the input and the first result remain."""
    model, x = layers()[:4], torch.randn(2, 3, 66, 66)
    alive = []

    def count(context) -> int:
        made = []
        hooks = [
            layer.register_forward_hook(
                lambda *args: made.append(
                    args[2].untyped_storage()._weak_ref()
                )
            )
            for layer in model[:3]
        ]
        with context:
            out = model(x)
        for hook in hooks:
            hook.remove()
        expired = torch.UntypedStorage._expired
        alive.append(out)
        return sum(not expired(reference) for reference in made)

    assert count(nullcontext()) == 3
    assert count(recomputing()) == 1


@pytest.mark.parametrize('with_remax', [False, True], ids=['kmax', 'remax'])
def test_a_model_trains_the_same(with_remax):
    batch = synthetic_batch(2, (65, 65), 6, (3, 2))
    found = []
    for recompute in (False, True):
        torch.manual_seed(0)
        model = build_model(with_remax).train()
        model.recompute = recompute
        data = model.data_preprocessor(batch, training=True)
        torch.manual_seed(0)
        losses = model(**data, mode='loss')
        sum(v for name, v in losses.items() if 'loss' in name).backward()
        found.append([p.grad for p in model.parameters()])
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize('name', MAKERS)
def test_the_nodes_know_what_is_read_of_them(name):
    """CUDA's too, where there is none."""
    node = getattr(torch._C._functions, name)
    saved = {key.removeprefix('_saved_') for key in dir(node)}
    if name == 'GeluBackward0':
        assert {'self', 'approximate'} <= saved
        return
    wanted = {'input', 'weight', 'running_mean', 'running_var', 'training'}
    assert wanted <= saved
    assert saved & {'eps', 'epsilon'}
