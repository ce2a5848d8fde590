"""MP-Former against values of an independent computation in float64."""

from unittest import mock

import pytest
import torch
from mmcv.ops import point_sample

from mmremax.mp_former import pilot_masks
from mmremax.mp_former.slots import MaskPilotSlots
from tests.helpers.mp_former_fixture import (
    GOLDEN,
    GoldenNoise,
    golden_ground_truth,
    golden_head,
    golden_mask,
    golden_points,
    samples_of,
    unbits,
)

TOLERANCE = 2e-5  # of a float32 computation; stated in the file
RUNS = GOLDEN['runs']
X = [torch.zeros(2, 4, 16, 16)]


def slots_of(counts: list[int], groups: int) -> MaskPilotSlots:
    batch = golden_ground_truth(counts)
    return MaskPilotSlots(
        torch.cat([gt.labels for gt in batch]),
        torch.cat([gt.masks for gt in batch]) > 0,
        tuple(counts),
        groups,
    )


@pytest.mark.parametrize('row', GOLDEN['pilot_masks'])
def test_pilot_masks(row: dict) -> None:
    mask = golden_mask(row['image'], row['gt'])
    assert mask.sum() == row['pixels']
    sizes = [tuple(level['size']) for level in row['levels']]
    pilots = pilot_masks(mask[None], sizes)
    for level in row['levels']:
        blocked = pilots[tuple(level['size'])][0]
        assert torch.equal(blocked, unbits(level['blocked_bits']))
        assert (~blocked).sum() == level['open']


@pytest.mark.parametrize('row', GOLDEN['pilot_masks_non_divisible'])
def test_pilot_masks_of_sizes_that_do_not_divide(row: dict) -> None:
    mask = golden_mask(row['image'], row['gt'], tuple(row['canvas']))
    assert mask.sum() == row['pixels']
    size = tuple(row['size'])
    blocked = pilot_masks(mask[None], [size])[size][0]
    assert torch.equal(blocked, unbits(row['blocked_bits']))


def test_point_noise() -> None:
    counts = GOLDEN['config']['gt_counts']
    slots = slots_of(counts, 2)
    noise = GoldenNoise(0.6, 0.0, counts, 2)
    for row in GOLDEN['point_noise_lambda_0.6_groups_2']:
        size = tuple(row['size'])
        clean = slots.spread(pilot_masks(slots.masks, [size])[size], True)
        noisy = noise.noisy_masks(clean, 2)[:, 0]
        assert noise.layer == row['slot']
        for entry in row['entries']:
            p = entry['group'] * 2 + entry['gt']
            found = noisy[entry['image'], p]
            assert torch.equal(found, unbits(entry['noised_bits']))
            flips = (found ^ clean[entry['image'], p]).sum()
            assert flips == entry['flips']


def test_label_noise() -> None:
    row = GOLDEN['label_noise']
    counts = GOLDEN['config']['gt_counts']
    slots = slots_of(counts, row['groups'])
    noise = GoldenNoise(0.0, row['r'], counts, row['groups'])
    noisy = noise.noisy_labels(slots.spread(slots.labels, 0), 4)
    by_segment = slots.gather(noisy)  # (S, groups)
    assert by_segment.T.flatten().tolist() == row['noisy']
    clean = slots.gather(slots.spread(slots.labels, 0))
    assert clean.T.flatten().tolist() == row['clean']


@pytest.mark.parametrize('row', GOLDEN['layout'])
def test_layout(row: dict) -> None:
    counts = tuple(row['gt_counts'])
    index = torch.cat([torch.arange(count) for count in counts])
    slots = MaskPilotSlots(
        index, torch.zeros(len(index), 1, 1), counts, row['groups']
    )
    assert slots.num_slots == row['P']
    table = slots.spread(slots.labels, -1)
    assert table.tolist() == row['slot_to_gt']
    assert torch.equal(slots.is_padding, table < 0)
    blocked = slots.self_attention_mask(row['num_queries'], 2, strict=False)
    expected = torch.stack(
        [unbits(bits) for bits in row['self_attn_blocked_rows']]
    )
    assert torch.equal(blocked, expected)


def test_point_convention() -> None:
    points = golden_points(1)
    assert torch.allclose(
        points[0, :4], torch.tensor(GOLDEN['points_first4']), atol=1e-6
    )
    mask = golden_mask(0, 0).float()[None, None]
    values = point_sample(mask, points)[0, 0]
    row = GOLDEN['point_sample_mask_b0_j0']
    assert values.sum() == pytest.approx(row['sum'], abs=TOLERANCE)
    assert torch.allclose(
        values[:8], torch.tensor(row['first8']), atol=TOLERANCE
    )


@pytest.mark.parametrize('name', RUNS)
def test_decoder_and_losses(name: str) -> None:
    run = RUNS[name]
    settings = run['settings']
    counts = run['gt_counts']
    head = golden_head(
        mp_cfg=dict(
            num_groups=settings['G'],
            mask_noise_scale=settings.get('lam', 0.0),
            label_noise_ratio=settings.get('r', 0.0),
            pilot_layers=settings.get('pilot_layers', 'all'),
            query_pos=settings.get('query_pos', 'zero'),
            padding='strict' if settings.get('strict_pad') else 'reference',
        )
    )
    head.mp_noise = GoldenNoise(
        head.mp_noise.mask_scale,
        head.mp_noise.label_ratio,
        counts,
        settings['G'],
    )
    slots = slots_of(counts, settings['G'])
    outputs = []
    hook = head.register_forward_hook(
        lambda module, args, output: outputs.append(output)
    )
    with mock.patch(
        'mmremax.mp_former.loss.get_uncertain_point_coords_with_randomness',
        lambda masks, *args: golden_points(len(masks)),
    ):
        losses = head.loss(X, samples_of(golden_ground_truth(counts)))
    hook.remove()
    num_slots = slots.num_slots
    assert num_slots == run['P']
    all_classes, all_masks = outputs[0]
    assert len(all_classes) == len(run['predictions'])

    def near(found: torch.Tensor, expected: float) -> None:
        # Sums of up to 3000 terms; relative to their size.
        assert float(found.detach()) == pytest.approx(
            expected, abs=TOLERANCE, rel=TOLERANCE
        )

    for classes, masks, row in zip(
        all_classes, all_masks, run['predictions'], strict=True
    ):
        padding = slots.is_padding
        mp_classes, mp_masks = classes[:, :num_slots], masks[:, :num_slots]
        near(mp_classes[~padding].sum(), row['mp_cls_sum_real'])
        near(mp_classes[padding].sum(), row['mp_cls_sum_pad'])
        assert float(mp_masks[~padding].sum()) == pytest.approx(
            row['mp_mask_sum_real'], abs=2e-3
        )
        near(mp_masks[~padding].abs().sum(), row['mp_mask_abs_sum_real'])
        near(classes[:, num_slots:].sum(), row['match_cls_sum'])
        assert float(masks[:, num_slots:].sum()) == pytest.approx(
            row['match_mask_sum'], abs=2e-3
        )
    final = all_classes[-1][:, :num_slots]
    assert torch.allclose(
        final, torch.tensor(run['final_mp_cls']), atol=TOLERANCE
    )
    first_row = all_masks[-1][:, :num_slots, 0]
    expected_row = torch.tensor(run['final_mp_mask_row0'])
    assert torch.allclose(
        first_row[:, : expected_row.shape[1]], expected_row, atol=TOLERANCE
    )
    last = len(run['mp_losses_weighted']) - 1
    for i, row in enumerate(run['mp_losses_weighted']):
        prefix = '' if i == last else f'd{i}.'
        for kind, value in row.items():
            near(losses[f'{prefix}mp_loss_{kind}'], value)
    total = sum(v for k, v in losses.items() if 'mp_loss' in k)
    assert float(total) == pytest.approx(run['mp_loss_total'], abs=2e-4)


@torch.no_grad()
def test_stock_matching() -> None:
    head = golden_head(type='Mask2FormerHead')
    all_classes, all_masks = head(X, [])
    rows = GOLDEN['stock_matching']['predictions']
    for classes, masks, row in zip(all_classes, all_masks, rows, strict=True):
        assert float(classes.sum()) == pytest.approx(row['cls_sum'], abs=1e-4)
        assert float(masks.sum()) == pytest.approx(row['mask_sum'], abs=2e-3)
    assert torch.allclose(
        all_classes[-1],
        torch.tensor(GOLDEN['stock_matching']['final_cls']),
        atol=TOLERANCE,
    )
