"""ReMaX in Mask2Former: equations, oracle, stock at zero strength, edges."""

import copy
from unittest import mock

import pytest
import torch
from mmdet.registry import MODELS

from mmremax.kmax.segments import VOID
from tests.helpers.mask2former_fixture import (
    REMAX,
    build_head,
    features,
    head_config,
    losses_of,
    samples,
    total,
)
from tests.helpers.model_fixture import assert_trains
from tests.helpers.remax_mask2former_oracle import SIZE, oracle

HEAD = 'ReMaXMask2FormerHead'
ZERO = dict(mask_loss=dict(type='ReMaskLoss'), num_relaxed=0, eta=0.0)


def remax_head(**settings):
    return build_head(type=HEAD, **{**copy.deepcopy(REMAX), **settings})


def calls_of(module):
    """The arguments of each call from now on."""
    calls = []
    module.register_forward_pre_hook(lambda _, args: calls.append(args))
    return calls


@pytest.mark.parametrize('instance', [False, True])
def test_zero_strength_is_stock_bit_for_bit(instance):
    stock = build_head(type='Mask2FormerHead', instance=instance)
    zero = build_head(type=HEAD, instance=instance, **ZERO)
    zero.load_state_dict(stock.state_dict(), strict=True)
    data = samples(instance, empty=(0,), batch=3)
    expected, found = losses_of(stock, data), losses_of(zero, data)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[k], expected[k]) for k in expected)
    for head, losses in ((stock, expected), (zero, found)):
        total(losses).backward()
        assert head.query_feat.weight.grad.any()
    for one, other in zip(stock.parameters(), zero.parameters(), strict=True):
        assert torch.equal(one.grad, other.grad)


@pytest.mark.parametrize('instance', [False, True])
def test_losses_equal_a_slow_oracle(instance):
    head = remax_head(instance=instance, semantic_input='stride_8')
    head.semantic_head.eval()
    if instance:
        head.semantic_head.with_void = False
    data = samples(instance)
    feats = features()
    with torch.no_grad():
        outputs = list(zip(*head(feats, data), strict=True))
        _, memories = head.pixel_decoder(feats)
        logits = head.semantic_head([memories[-1]])[0]
        calls = calls_of(head.mask_loss)
        torch.manual_seed(3)
        losses = head.loss(feats, data)
        semantic_map = calls[0][1].semantic_map.view(-1, *SIZE)
        torch.manual_seed(3)
        expected = oracle(head, outputs, data, semantic_map, logits)
    names = [f'd{i}.' for i in range(len(expected) - 1)] + ['']
    for prefix, values in zip(names, expected, strict=True):
        for name, value in zip(('cls', 'mask', 'dice'), values, strict=True):
            found = losses[f'{prefix}loss_{name}'].item()
            assert found == pytest.approx(value, rel=2e-5), prefix + name


def test_matching_sees_unrelaxed_masks():
    """The assigner gets bit for bit what it gets in the stock head."""
    seen = []
    heads = [build_head(type='Mask2FormerHead'), remax_head()]
    heads[1].load_state_dict(heads[0].state_dict(), strict=False)
    for head in heads:
        calls = []

        def spy(*, assign=head.assigner.assign, calls=calls, **arguments):
            calls.append(arguments['pred_instances'].masks.clone())
            return assign(**arguments)

        head.assigner.assign = spy
        losses_of(head, samples())
        seen.append(torch.stack(calls))
    assert torch.equal(*seen)


def test_relaxed_outputs():
    head = remax_head()
    assert list(head.relaxed) == [1, 2, 3, 4]
    calls = calls_of(head.mask_loss)
    before = set(vars(head)), len(head.pixel_decoder._forward_hooks)
    losses_of(head, samples())
    after = set(vars(head)), len(head.pixel_decoder._forward_hooks)
    assert before == after, 'nothing is kept after the losses'
    marked = {output.prefix: output.is_relaxed for output, _ in calls}
    wanted = {f'd{i}.': i in (1, 2, 3, 4) for i in range(5)} | {'': False}
    assert marked == wanted
    head = remax_head(first_relaxed=3)
    assert list(head.relaxed) == [3, 4], 'the last output (5) never is'


@pytest.mark.parametrize(
    ('semantic_input', 'names'),
    [
        ('key', {f'd{i}.loss_semantic' for i in (1, 2, 3, 4)}),
        ('stride_32', {'loss_semantic'}),
        ('stride_8', {'loss_semantic'}),
        ('mask_feature', {'loss_semantic'}),
    ],
)
def test_where_the_semantic_head_hangs(semantic_input, names):
    head = remax_head(semantic_input=semantic_input)
    calls = calls_of(head.semantic_head)
    losses = losses_of(head, samples())
    assert {k for k in losses if 'loss_semantic' in k} == names
    sides = dict(
        key=[3, 6, 12, 3], stride_32=[3], stride_8=[12], mask_feature=[24]
    )
    assert [x.shape[-1] for x in calls[0][0]] == sides[semantic_input]
    assert_trains(head, losses)


def test_no_gradient_of_the_masks_reaches_the_semantic_head():
    head = remax_head()
    losses = losses_of(head, samples())
    own = [v for k, v in losses.items() if 'loss' in k and 'semantic' not in k]
    sum(own).backward()
    assert all(p.grad is None for p in head.semantic_head.parameters())


def test_instance_data_trains_an_output_for_no_class():
    config = dict(REMAX['semantic_head'], with_void=True)
    head = remax_head(instance=True, semantic_head=config)
    calls = calls_of(head.mask_loss)
    branch = head.semantic_head
    with mock.patch.object(branch, 'loss', side_effect=branch.loss) as spy:
        losses_of(head, samples(instance=True))
    logits, semantics = spy.call_args.args
    semantic_map = semantics.semantic_map
    assert logits.shape[1] == head.num_classes + 1
    assert set(semantic_map.unique().tolist()) == {VOID, 0, 1, 2, 3}
    padding = semantic_map.view(2, *SIZE)[1, :, 20:]
    assert (padding == VOID).all()
    # Absent from Eq. 1 and 3: the output, and the locations.
    output, targets = calls[1]
    assert output.semantic_logits.shape[1] == head.num_classes
    assert torch.equal(
        targets.semantic_map,
        semantic_map.where(semantic_map != head.num_classes, VOID),
    )


@pytest.mark.parametrize('instance', [False, True])
@pytest.mark.parametrize(
    ('empty', 'queries'), [((0,), 7), ((0, 1), 7), ((), 3)]
)
def test_images_without_segments_and_too_many(instance, empty, queries):
    """Image 0 or both have none; or there are more segments than queries."""
    head = remax_head(instance=instance, num_queries=queries)
    assert_trains(head, losses_of(head, samples(instance, empty=empty)))


def test_bfloat16():
    head = remax_head()
    head.semantic_head.eval()
    expected = losses_of(head, samples())
    with torch.autocast('cpu', torch.bfloat16):
        losses = losses_of(head, samples())
    assert losses['loss_semantic'].dtype == torch.float32
    wanted = total(expected).item()
    assert total(losses).item() == pytest.approx(wanted, rel=0.05)
    assert_trains(head, losses)


def test_ground_truth_source_needs_no_semantic_head():
    head = remax_head(
        mask_loss=dict(type='ReMaskLoss', source='ground_truth'),
        semantic_head=None,
    )
    plain = build_head(type=HEAD, **ZERO)
    plain.load_state_dict(head.state_dict())
    losses, unrelaxed = (losses_of(h, samples()) for h in (head, plain))
    assert not [k for k in losses if 'semantic' in k]
    masks = [key for key in losses if key.endswith('loss_mask')]
    moved = [k for k in masks if not torch.equal(losses[k], unrelaxed[k])]
    assert moved == [f'd{i}.loss_mask' for i in (1, 2, 3, 4)]


def test_a_relaxed_output_without_semantics_is_refused():
    with pytest.raises(ValueError, match='add semantic_head'):
        losses_of(remax_head(semantic_head=None), samples())


def test_four_outputs_are_relaxed_where_nothing_is_said():
    config = head_config(type=HEAD, **copy.deepcopy(REMAX))
    config.transformer_decoder.num_layers = 9
    assert MODELS.build(config).relaxed == range(1, 5)


def test_an_assigner_without_class_targets_is_refused():
    config = head_config(type=HEAD, **copy.deepcopy(REMAX))
    config.train_cfg.assigner = config.train_cfg.assigner.base
    with pytest.raises(ValueError, match='ReClassAssigner'):
        MODELS.build(config)


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(semantic_input='stride_4'), 'must be one of'),
        (dict(first_relaxed=0), 'at least 1'),
        (dict(num_relaxed=0), 'semantic_head=None'),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        remax_head(**settings)


def test_masks_must_be_padded():
    data = samples()
    data[1].set_metainfo(dict(batch_input_shape=(64, 128)))
    with pytest.raises(ValueError, match='pad_mask=True'):
        losses_of(remax_head(), data)
