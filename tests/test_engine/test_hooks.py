"""The guard, the counts, the gradient norm and the norms' momentum."""

import itertools
from types import SimpleNamespace

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.runner import Runner
from mmengine.structures import InstanceData
from torch import nn

from mmremax.engine import (
    DiscardCountHook,
    NonFiniteError,
    NonFiniteGuardHook,
    NormMomentumHook,
    gradient_hooks,
)
from mmremax.engine.gradient_hooks import describe
from tests.helpers.mask2former_fixture import (
    REMAX,
    build_head,
    features,
    samples,
)
from tests.helpers.model_fixture import build_model
from tests.helpers.toy import toy_config

SKIP = {'custom_hooks.2.action': 'skip'}
NAN_AT = 'train_dataloader.dataset.nan_at'
NUMBERS = itertools.count()


def build(folder, options=None) -> Runner:
    cfg = Config.fromfile(toy_config(folder))
    cfg.merge_from_dict(options or {})
    cfg.experiment_name = f'{folder.name}-{next(NUMBERS)}'
    return Runner.from_cfg(cfg)


@pytest.fixture
def sample(tmp_path) -> int:
    """Index of the first sample of step 4 (batches of four)."""
    keys = iter(build(tmp_path).train_dataloader.sampler)
    return int([next(keys) for _ in range(13)][12])


def test_guard_names_term_and_image_and_stops(tmp_path, sample):
    runner = build(tmp_path, {NAN_AT: sample})
    with pytest.raises(NonFiniteError) as error:
        runner.train()
    text = str(error.value)
    assert text.startswith('Step 4: loss_a is nan, the gradient is nan')
    assert f'toy/{sample}.jpg' in text
    assert 'loss_b' not in text
    assert runner.iter == 3
    assert all(p.isfinite().all() for p in runner.model.parameters())
    names = {p.name for p in (tmp_path / 'run').glob('iter_*')}
    assert 'iter_4.pth' not in names


@pytest.mark.parametrize(('accumulated', 'updates'), [(1, 7), (2, 3)])
def test_guard_skips_the_batch_and_goes_on(
    tmp_path, sample, accumulated, updates
):
    """With it goes the batch of the same update, if there is one."""
    counts = {'optim_wrapper.accumulative_counts': accumulated}
    runner = build(tmp_path, SKIP | counts | {NAN_AT: sample})
    runner.train()
    assert runner.iter == 8
    assert all(p.isfinite().all() for p in runner.model.parameters())
    state = runner.optim_wrapper.optimizer.state
    assert {int(s['step']) for s in state.values()} == {updates}


def test_guard_refuses_broken_statistics_and_other_actions(tmp_path):
    runner = build(tmp_path, SKIP)
    runner.model.norm.running_mean.fill_(float('nan'))
    runner.model.layer.weight.data.fill_(float('nan'))
    runner.model.init_weights = lambda: None
    with pytest.raises(NonFiniteError, match='cannot be skipped'):
        runner.train()
    with pytest.raises(ValueError, match="'stop'"):
        build(tmp_path, {'custom_hooks.2.action': 'halt'})
    assert describe({'loss': 1.0}, []) == ''


@pytest.mark.parametrize('action', ['stop', 'skip'])
def test_what_another_rank_saw_counts_here(tmp_path, monkeypatch, action):
    """The first reduction of a step is whether any rank saw a bad loss."""
    asked = []

    def reduce(number, op):
        asked.append(op)
        number += len(asked) == 1

    monkeypatch.setattr(gradient_hooks, 'all_reduce', reduce)
    runner = build(tmp_path, {'custom_hooks.2.action': action})
    if action == 'stop':
        with pytest.raises(NonFiniteError, match='Step 1'):
            runner.train()
        assert asked == ['max']
        return
    runner.train()
    state = runner.optim_wrapper.optimizer.state
    assert {int(s['step']) for s in state.values()} == {7}
    assert set(asked) == {'max'}
    assert len(asked) == 8 + 1, 'and whether the statistics of any broke'


@pytest.mark.parametrize('bad', [float('nan'), float('inf'), 1e30])
@pytest.mark.parametrize('kind', ['stock', 'remax', 'mp_former'])
def test_a_diverged_matching_is_named_before_scipy(kind, bad):
    options = dict(
        stock={},
        remax=dict(type='ReMaXMask2FormerHead', **REMAX),
        mp_former=dict(type='MPFormerHead', mp_cfg=dict(num_groups=1)),
    )[kind]
    head = build_head(**options).train()

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.panoptic_head = head

        def forward(self, inputs, data_samples, mode):
            return head.loss(inputs, data_samples)

    model = Model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    wrapper = SimpleNamespace(optimizer=optimizer)
    guard = NonFiniteGuardHook()

    def losses():
        torch.manual_seed(0)
        return model(features(), data_samples=samples(), mode='loss')

    before = losses()
    guard.before_train(
        SimpleNamespace(model=model, optim_wrapper=wrapper, iter=3)
    )
    assert losses() == before, 'a healthy prediction is left alone'
    optimizer.step()
    with torch.no_grad():
        head.cls_embed.bias.fill_(bad)
    model(features(), data_samples=samples(), mode='loss')
    with pytest.raises(NonFiniteError, match='Step 4: the prediction is'):
        optimizer.step()


@pytest.mark.parametrize('clip', [None, {'max_norm': 1e9}])
def test_grad_norm_is_logged_with_and_without_clipping(tmp_path, clip):
    runner = build(tmp_path, {'optim_wrapper.clip_grad': clip})
    seen = []

    def record(optimizer, *_):
        parameters = optimizer.param_groups[0]['params']
        squares = [p.grad.pow(2).sum() for p in parameters]
        seen.append(float(sum(squares).sqrt()))

    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    runner.optim_wrapper.optimizer.register_step_pre_hook(record)
    runner.train()
    history, _ = runner.message_hub.get_scalar('train/grad_norm').data
    assert len(history) == 8
    assert history == pytest.approx(seen, rel=1e-5)


@pytest.mark.parametrize('stage', ['train', 'val', 'test'])
def test_class_counts_must_agree(tmp_path, stage):
    loader = {'train': 'val'}.get(stage, stage)  # training checks both
    runner = build(tmp_path, {f'{loader}_dataloader.dataset.num_things': 3})
    with pytest.raises(ValueError, match='num_things_classes is 2') as error:
        getattr(runner, stage)()
    text = str(error.value)
    assert f'{loader}_dataloader.dataset has 3 thing classes' in text
    assert 'toy/annotations.json' in text


def test_bfloat16_on_the_cpu_keeps_weights_in_float32(tmp_path):
    runner = build(tmp_path, {'optim_wrapper.type': 'CPUAmpOptimWrapper'})
    seen = set()
    runner.model.layer.register_forward_hook(
        lambda *args: seen.add((runner.model.training, args[2].dtype))
    )
    runner.train()
    assert (True, torch.bfloat16) in seen
    assert (False, torch.float32) in seen
    assert {p.dtype for p in runner.model.parameters()} == {torch.float32}


def runner_of(hub: MessageHub, num_queries: int = 4) -> SimpleNamespace:
    """Make what the hook reads of a runner, with its warnings as a list."""
    warnings = []
    return SimpleNamespace(
        message_hub=hub,
        model=SimpleNamespace(num_queries=num_queries),
        logger=SimpleNamespace(warning=warnings.append),
        warnings=warnings,
    )


def test_discards_add_up_and_go_on_after_resuming():
    hub = MessageHub.get_instance('test_discards')
    # The last is of a data set that does not count.
    metas = [dict(num_discarded=2), dict(num_discarded=0), {}]
    samples = [DetDataSample(metainfo=meta) for meta in metas]
    hook = DiscardCountHook()
    for total in (2, 4):
        hook.after_train_iter(runner_of(hub), 0, dict(data_samples=samples))
        assert hub.get_scalar('train/discarded').current() == total
    resumed = MessageHub.get_instance('test_discards_resumed')
    resumed.load_state_dict(hub.state_dict())
    hook.after_train_iter(runner_of(resumed), 0, dict(data_samples=samples))
    assert resumed.get_scalar('train/discarded').current() == 6


def test_segments_between_the_locations_are_a_percentage():
    hub = MessageHub.get_instance('test_off_grid')
    samples = []
    for number, lost in ((3, 1), (0, 0), (4, None)):
        metainfo = {} if lost is None else dict(num_off_grid=lost)
        sample = DetDataSample(metainfo=metainfo)
        sample.gt_segments = InstanceData(labels=torch.zeros(number))
        samples.append(sample)
    for batch, percent in ((samples[1:], None), (samples, 25), (samples, 25)):
        batch = dict(data_samples=batch)
        DiscardCountHook().after_train_iter(runner_of(hub), 0, batch)
        assert ('train/off_grid' in hub.log_scalars) == (percent is not None)
        if percent is not None:
            assert hub.get_scalar('train/off_grid').current() == percent


@pytest.mark.parametrize('kind', ['gt_segments', 'gt_instances'])
def test_segments_without_a_query_are_counted_and_said_once(kind):
    """Samples of kMaX and of mmdet; a model that has no queries is let be."""
    hub = MessageHub.get_instance(f'test_without_query_{kind}')
    runner = runner_of(hub)
    samples = []
    for number in (0, 4, 7, 5):
        sample = DetDataSample(metainfo=dict(img_path=f'{number}.png'))
        labels = torch.zeros(number, dtype=torch.int64)
        sample.set_field(InstanceData(labels=labels), kind)
        samples.append(sample)
    hook = DiscardCountHook()
    hook.after_train_iter(runner, 0, dict(data_samples=samples[:2]))
    assert 'train/without_query' not in hub.log_scalars
    for total in (4, 8):
        hook.after_train_iter(runner, 0, dict(data_samples=samples))
        assert hub.get_scalar('train/without_query').current() == total
    (text,) = runner.warnings
    assert '7.png shows 7 segments' in text
    assert '4 queries: 3 of them' in text
    del runner.model.num_queries
    hook.after_train_iter(runner, 0, dict(data_samples=samples))
    assert hub.get_scalar('train/without_query').current() == 8


def test_both_heads_state_their_queries():
    assert build_model(with_remax=True).panoptic_head.num_queries == 12
    assert build_head().num_queries == 7


def test_all_norms_of_the_model_are_set():
    model = build_model(with_remax=True)
    norms = [m for m in model.modules() if hasattr(m, 'running_mean')]
    assert {norm.momentum for norm in norms} == {0.01}
    NormMomentumHook(0.1).before_train(SimpleNamespace(model=model))
    assert {norm.momentum for norm in norms} == {0.1}
    for momentum in (0, -0.1, 1.5):
        with pytest.raises(ValueError, match='momentum'):
            NormMomentumHook(momentum)


def test_statistics_follow_faster_and_outputs_are_the_same():
    slow, fast = (
        nn.Sequential(nn.BatchNorm2d(3, momentum=0.01)) for _ in range(2)
    )
    NormMomentumHook(0.1).before_train(SimpleNamespace(model=fast))
    x = torch.randn(4, 3, 5, 5) + 7
    for _ in range(20):
        assert torch.equal(slow(x), fast(x))
    assert slow[0].running_mean.mean() < 2
    assert fast[0].running_mean.mean() > 6
