"""The guard, the class counts and the gradient norm, on a toy run."""

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmremax.engine.hooks import NonFiniteError
from mmremax.engine.hooks.non_finite_guard_hook import describe
from tests.helpers.toy import toy_config


def build(folder, name: str, **options) -> Runner:
    cfg = Config.fromfile(toy_config(folder))
    cfg.merge_from_dict(options)
    cfg.experiment_name = f'{folder.name}-{name}'
    return Runner.from_cfg(cfg)


def nan_at(sample: int) -> dict:
    return {'train_dataloader.dataset.nan_at': sample}


def first_sample(folder) -> int:
    """Index of the first sample of step 4 (batches of four)."""
    sampler = build(folder, 'order').train_dataloader.sampler
    keys = iter(sampler)
    return [int(next(keys)) for _ in range(13)][12]


def test_guard_names_term_and_image_and_stops(tmp_path):
    sample = first_sample(tmp_path)
    runner = build(tmp_path, 'stop', **nan_at(sample))
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


def test_guard_skips_the_step_and_goes_on(tmp_path):
    hooks = {'custom_hooks.2.action': 'skip'}
    sample = first_sample(tmp_path)
    runner = build(tmp_path, 'skip', **hooks, **nan_at(sample))
    runner.train()
    assert runner.iter == 8
    assert all(p.isfinite().all() for p in runner.model.parameters())
    state = runner.optim_wrapper.optimizer.state
    assert {int(s['step']) for s in state.values()} == {7}


def test_guard_does_not_skip_with_broken_statistics(tmp_path):
    runner = build(tmp_path, 'broken', **{'custom_hooks.2.action': 'skip'})
    runner.model.norm.running_mean.fill_(float('nan'))
    runner.model.layer.weight.data.fill_(float('nan'))
    runner.model.init_weights = lambda: None
    with pytest.raises(NonFiniteError, match='cannot be skipped'):
        runner.train()


def test_guard_drops_an_accumulated_batch_alone(tmp_path):
    """Two batches an update; the second of the first four is not finite."""
    runner = build(
        tmp_path,
        'accumulate',
        **{'custom_hooks.2.action': 'skip'},
        **{'optim_wrapper.accumulative_counts': 2},
        **nan_at(first_sample(tmp_path)),
    )
    runner.train()
    assert all(p.isfinite().all() for p in runner.model.parameters())


def test_guard_knows_only_its_two_actions(tmp_path):
    with pytest.raises(ValueError, match="'stop'"):
        build(tmp_path, 'typo', **{'custom_hooks.2.action': 'halt'})


def test_description_is_empty_for_finite_values():
    assert describe({'loss': 1.0}, []) == ''


@pytest.mark.parametrize('clip', [None, {'max_norm': 1e9}])
def test_grad_norm_is_logged_with_and_without_clipping(tmp_path, clip):
    runner = build(
        tmp_path, f'norm{clip}', **{'optim_wrapper.clip_grad': clip}
    )
    seen = []

    def record(optimizer, *_):
        squares = [
            p.grad.pow(2).sum() for p in optimizer.param_groups[0]['params']
        ]
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
    options = {f'{loader}_dataloader.dataset.num_things': 3}
    runner = build(tmp_path, stage, **options)
    with pytest.raises(
        ValueError, match='model.num_things_classes is 2'
    ) as error:
        getattr(runner, stage)()
    text = str(error.value)
    assert f'{loader}_dataloader.dataset has 3 thing classes' in text
    assert 'toy/annotations.json' in text


def test_bfloat16_on_the_cpu_keeps_weights_in_float32(tmp_path):
    runner = build(
        tmp_path, 'amp', **{'optim_wrapper.type': 'CPUAmpOptimWrapper'}
    )
    seen = set()
    runner.model.layer.register_forward_hook(
        lambda *args: seen.add((runner.model.training, args[2].dtype))
    )
    runner.train()
    assert (True, torch.bfloat16) in seen
    assert (False, torch.float32) in seen
    assert {p.dtype for p in runner.model.parameters()} == {torch.float32}
