"""KMaXHead: ReMaX against kMaX, edges, gradients."""

import copy

import pytest
import torch
from torch.nn import functional as F

from mmremax.kmax.head import _for_loss
from mmremax.kmax.predictor import LayerPrediction
from mmremax.kmax.segments import BatchSegments
from tests.helpers.loss_fixture import as_data_samples
from tests.helpers.model_fixture import assert_trains, build_model


def samples(maps=None, labels=None):
    """Two images of 17 x 17 locations, three segments and none by default."""
    if maps is None:
        maps = torch.full((2, 17, 17), -1)
        maps[0, :8], maps[0, 8:, :8], maps[0, 8:, 8:12] = 0, 1, 2
        labels = [torch.tensor([0, 4, 0]), torch.zeros(0, dtype=torch.long)]
    return as_data_samples(BatchSegments(maps, labels))


def images(batch=2, height=65, width=65):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(batch, 3, height, width, generator=generator)


def losses_of(model, data_samples, x=None, seed=0):
    torch.manual_seed(seed)  # of the dropout
    feats = model.extract_feat(images() if x is None else x)
    outputs = model.panoptic_head.forward_train(feats)
    torch.manual_seed(seed)  # of the samplers
    return model.panoptic_head.loss_by_feat(*outputs, data_samples)


HARD = dict(
    assigner=dict(eta=0.0),
    mask_loss=dict(loss_mask=dict(activation='softmax')),
)


def copy_weights(source, target):
    missing = target.load_state_dict(source.state_dict(), strict=False)
    assert not missing.unexpected_keys
    return missing.missing_keys


def test_neutral_remax_is_kmax_bit_for_bit():
    kmax = build_model()
    remax = build_model(True, without=['semantic_head'], num_relaxed=0, **HARD)
    assert not copy_weights(kmax, remax)
    plain = losses_of(kmax, samples())
    neutral = losses_of(remax, samples())
    assert plain.keys() == neutral.keys()
    for key in plain:
        assert torch.equal(plain[key], neutral[key]), key


def test_remax_changes_the_relaxed_outputs_alone():
    kmax = build_model()
    remax = build_model(with_remax=True, num_relaxed=2, **HARD)
    missing = copy_weights(kmax, remax)
    assert all('semantic_head' in key for key in missing)
    plain = losses_of(kmax, samples())
    relaxed = losses_of(remax, samples())
    for key in plain:
        same = torch.equal(plain[key], relaxed[key])
        changes = key.startswith(('d0.', 'd1.')) and (
            'mask' in key or 'dice' in key
        )
        if not key.endswith('insdis') and key != 'loss_aux_semantic':
            assert same != changes, key
    for layer in (0, 1):
        assert relaxed[f'd{layer}.loss_semantic'] > 0
    assert 'd2.loss_semantic' not in relaxed


def test_inference_and_its_weights_are_kmax():
    kmax, remax = build_model().eval(), build_model(with_remax=True).eval()
    missing = copy_weights(kmax, remax)
    prefix = 'panoptic_head.semantic_head.'
    assert missing
    assert all(key.startswith(prefix) for key in missing)
    with torch.no_grad():
        ours = remax(images(), mode='tensor')
        wanted = kmax(images(), mode='tensor')
    for a, b in zip(ours, wanted, strict=True):
        assert torch.equal(a, b)


def test_init_weights_keeps_the_values():
    head = build_model(with_remax=True).panoptic_head
    before = copy.deepcopy(head.state_dict())
    head.init_weights()
    for key, value in head.state_dict().items():
        assert torch.equal(value, before[key]), key


def test_panoptic_losses_do_not_reach_the_semantic_branch():
    model = build_model(with_remax=True)
    losses = losses_of(model, samples())
    branch = list(model.panoptic_head.semantic_head.parameters())
    semantic = losses.pop('d0.loss_semantic')
    panoptic = sum(v for k, v in losses.items() if 'loss_semantic' not in k)
    panoptic.backward(retain_graph=True)
    assert all(parameter.grad is None for parameter in branch)
    layer = model.panoptic_head.transformer_decoder.layers[0]
    trunk = layer.key_projection.conv.weight
    (grad,) = torch.autograd.grad(semantic, [trunk])
    assert grad.abs().sum() > 0


@pytest.mark.parametrize('with_remax', [False, True])
@pytest.mark.parametrize(
    'case', ['mixed', 'void', 'empty', 'crowded', 'one_class']
)
def test_every_parameter_gets_a_gradient(with_remax, case):
    model = build_model(with_remax)
    maps = torch.full((2, 17, 17), -1)
    labels = [torch.zeros(0, dtype=torch.long)] * 2
    if case == 'void':  # segments that no location shows
        labels = [torch.tensor([1])] * 2
    elif case == 'crowded':  # 40 segments, 12 queries
        maps = torch.arange(289).view(1, 17, 17).remainder(40).repeat(2, 1, 1)
        labels = [torch.arange(40).remainder(5)] * 2
    elif case == 'one_class':
        maps, labels = torch.zeros(2, 17, 17).long(), [torch.tensor([4])] * 2
    elif case == 'mixed':
        maps = None
    assert_trains(model, losses_of(model, samples(maps, labels)))


@pytest.mark.parametrize('size', [(97, 161), (64, 96), (50, 75)])
@pytest.mark.parametrize('amp', [False, True])
def test_any_size_and_precision(size, amp):
    model = build_model(with_remax=True)
    maps = torch.zeros(2, *(-(-side // 4) for side in size)).long()
    data_samples = samples(maps, [torch.tensor([1])] * 2)
    with torch.autocast('cpu', torch.bfloat16, enabled=amp):
        losses = losses_of(model, data_samples, images(2, *size))
    assert {value.dtype for value in losses.values()} == {torch.float32}
    assert_trains(model, losses)


def test_a_batch_is_the_mean_of_its_images():
    """With statistics frozen, so that images do not meet in the norms."""
    model = build_model(with_remax=True).eval()
    head = model.panoptic_head
    head.loss_insdis.num_samples = head.loss_aux_semantic.num_samples = 0
    head.semantic_head.loss_semantic.num_samples = 0
    data_samples, x = samples(), images()
    with torch.no_grad():
        both = losses_of(model, data_samples, x)
        single = [
            losses_of(model, [data_samples[i]], x[i : i + 1]) for i in (0, 1)
        ]
    for key, value in both.items():
        mean = (single[0][key] + single[1][key]) / 2
        torch.testing.assert_close(value, mean, msg=key)


def test_unshared_matching_is_a_key():
    shared, model = build_model(), build_model(share_matching=False)
    copy_weights(shared, model)
    own, wanted = losses_of(model, samples()), losses_of(shared, samples())
    assert torch.equal(own['loss_cls'], wanted['loss_cls'])
    assert not torch.equal(own['d0.loss_cls'], wanted['d0.loss_cls'])


def test_ground_truth_masking_needs_no_branch():
    source = dict(source='ground_truth')
    model = build_model(True, without=['semantic_head'], mask_loss=source)
    losses = losses_of(model, samples())
    assert 'd0.loss_mask' in losses
    assert 'd0.loss_semantic' not in losses


def test_the_semantic_head_reads_the_raw_memory_where_asked_for():
    model = build_model(with_remax=True, semantic_input='memory')
    head, seen = model.panoptic_head, []
    for stage in head.semantic_head.stages:
        stage.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    head.pixel_decoder.register_forward_hook(
        lambda _, args, output: seen.append(output[0])
    )
    losses_of(model, samples())
    memories, *inputs = seen
    counts = head.transformer_decoder.num_layers
    wanted = sum(
        ([memory] * n for memory, n in zip(memories, counts, strict=True)), []
    )
    assert len(inputs) == head.num_relaxed > 0
    for found, memory in zip(inputs, wanted, strict=False):
        assert found is memory


@pytest.mark.parametrize(
    ('keys', 'message'),
    [
        # As in a config of ReMaX that does not say num_relaxed.
        (dict(without=['num_relaxed']), 'Set num_relaxed'),
        (dict(semantic_input='pixels'), 'pixels'),
    ],
)
def test_bad_keys_are_named(keys, message):
    with pytest.raises(ValueError, match=message):
        build_model(with_remax=True, **keys)


@pytest.mark.parametrize('size', [(5, 8), (6, 7)])
def test_the_height_decides_on_the_corners_of_masks(size):
    masks = torch.randn(1, 2, 3, 4)
    output = LayerPrediction(torch.zeros(1, 2, 3), masks, torch.zeros(1))
    wanted = F.interpolate(
        masks, size, mode='bilinear', align_corners=size[0] % 2 == 1
    )
    found = _for_loss(output, size).mask_logits
    torch.testing.assert_close(found, wanted)
