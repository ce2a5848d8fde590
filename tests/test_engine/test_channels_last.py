"""Channels last: another layout in memory, and nothing else."""

from types import SimpleNamespace

import torch
from mmengine.config import Config
from torch import nn

from mmremax.engine import ChannelsLastHook
from mmremax.engine.channels_last import put_channels_last, puts_channels_last

LAST = dict(memory_format=torch.channels_last)


def test_channels_last_changes_the_layout_alone():
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, groups=8)
    )
    images = torch.rand(2, 3, 9, 9)
    before = model(images)
    ChannelsLastHook().before_run(SimpleNamespace(model=model))
    after = model(images)
    assert before.is_contiguous()
    assert after.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(after, before)


def test_channels_stay_where_a_wrapped_model_had_them():
    conv = nn.Conv2d(3, 8, 3)
    wrapped = nn.DataParallel(conv)
    ChannelsLastHook().before_run(SimpleNamespace(model=wrapped))
    assert conv.weight.is_contiguous()
    on_gpu = nn.Conv2d(3, 8, 3, device='meta')  # stands for another device
    ChannelsLastHook().before_run(SimpleNamespace(model=on_gpu))
    assert on_gpu.weight.is_contiguous()


def test_the_recipes_put_channels_last():
    cfg = Config.fromfile('configs/remax/remax_r50_coco.py')
    assert puts_channels_last(cfg)
    assert not puts_channels_last(Config())


class Transposes(nn.Module):
    """Hands on, and hands back, another layout, as attention does."""

    def forward(self, x):
        return x.transpose(2, 3).contiguous().transpose(2, 3)


def test_a_layout_that_is_lost_comes_back():
    norm, act, conv = nn.BatchNorm2d(4), nn.GELU(), nn.Conv2d(4, 4, 1)
    model = nn.Sequential(norm, Transposes(), act, conv)
    x = torch.randn(2, 4, 5, 6)
    before = [model(x), *_gradients(model, x)]
    put_channels_last(model)
    seen = {}
    for layer in (norm, act):
        layer.register_full_backward_hook(
            lambda layer, to_input, to_output: seen.update(
                {type(layer).__name__: to_output[0]}
            )
        )
    act.register_forward_hook(lambda *args: seen.update(out=args[2]))
    after = [model(x.to(**LAST)), *_gradients(model, x.to(**LAST))]
    torch.testing.assert_close(after, before)
    assert set(seen) == {'BatchNorm2d', 'GELU', 'out'}
    for values in seen.values():
        assert values.is_contiguous(**LAST)


def test_attention_logits_keep_their_layout():
    model = nn.Sequential(nn.BatchNorm2d(4), nn.Flatten())
    put_channels_last(model)
    logits = torch.randn(2, 4, 5, 5, requires_grad=True)
    model(logits).sum().backward()
    assert logits.grad.is_contiguous()


def _gradients(model, x):
    model.zero_grad()
    model(x).square().sum().backward()
    return [parameter.grad for parameter in model.parameters()]
