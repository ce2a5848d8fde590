"""MP-Former against values of an independent computation in float64.

The `rules` in `tests/golden/mp_former.json` define every input and parameter.
"""

import json
from contextlib import AbstractContextManager
from unittest import mock

import pytest
import torch
from mmcv.ops import point_sample
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmremax.mp_former.pilots import (
    PilotSlots,
    noisy_labels,
    noisy_masks,
    pilot_masks,
)
from tests.golden import GOLDEN_DIR
from tests.helpers.mask2former_fixture import mp_former_config, sample_of

GOLDEN = json.loads((GOLDEN_DIR / 'mp_former.json').read_text())
TOLERANCE = 2e-5  # of a float32 computation; stated in the file
COUNTS = GOLDEN['config']['gt_counts']
RUNS = GOLDEN['runs']
X = [torch.zeros(2, 4, 16, 16)]
SIZES = [(2, 2), (4, 4), (8, 8)]


def unbits(text: str) -> Tensor:
    """Read a row of 0 and 1 as bool."""
    return torch.tensor([character == '1' for character in text])


def golden_mask(
    image: int, segment: int, canvas: tuple[int, int] = (64, 64)
) -> Tensor:
    """Rule `gt_mask`, (H, W) bool."""
    y, x = (torch.arange(n, dtype=torch.float64) + 1 for n in canvas)
    scale = 1 + 0.5 * segment
    rows = torch.sin(0.06 * y * scale + 0.4 * image)
    return rows[:, None] * torch.cos(0.05 * x * scale) > 0.6


def golden_ground_truth(counts: list[int]) -> list[InstanceData]:
    """Labels and masks (long) of each image."""
    result = []
    for b, count in enumerate(counts):
        labels = torch.tensor(GOLDEN['config']['gt_labels'][b][:count]).long()
        masks = torch.zeros(count, 64, 64, dtype=torch.long)
        for j in range(count):
            masks[j] = golden_mask(b, j)
        result.append(InstanceData(labels=labels, masks=masks))
    return result


class GoldenPixelDecoder(nn.Module):
    """Rules `mask_feature` and `memory_level`, whatever the input."""

    def forward(self, x: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        def index(shape: tuple[int, ...]) -> Tensor:
            i = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
            return i.view(shape)

        feature = 2 * torch.sin(0.137 * index((2, 8, 16, 16)) + 0.5)
        memories = [
            torch.cos(0.071 * (level + 1) * index((2, 8, *size)))
            for level, size in enumerate(SIZES)
        ]
        return feature.float(), [memory.float() for memory in memories]


class GoldenRandom:
    """Rules `mask_noise_uniform` and `label_noise_uniform`.

    Stands in the place of `torch` in mp_former/pilots.py.
    """

    def __init__(self, counts: list[int], groups: int) -> None:
        self.layer = -1
        # Entry n of each slot; that of padding does not matter.
        starts = torch.tensor([sum(counts[:b]) for b in range(len(counts))])
        group, index = torch.tensor(
            [divmod(slot, max(counts)) for slot in range(groups * max(counts))]
        ).T
        entry = group * sum(counts) + starts[:, None] + index
        self.entry = entry.double()

    def __getattr__(self, name: str) -> object:
        return getattr(torch, name)

    def rand(self, shape: tuple[int, ...], device: object) -> Tensor:
        if len(shape) == 2:
            return (0.6180339887498949 * (self.entry + 1)).frac()
        self.layer += 1
        location = torch.arange(shape[-1], dtype=torch.float64)
        index = 1 + location + 100 * self.entry[..., None] + 10000 * self.layer
        return (0.6180339887498949 * index).frac()

    def randint_like(self, labels: Tensor, high: int) -> Tensor:
        return (high * (0.754877666 * (self.entry + 1)).frac()).long()


def golden_head(**changes: object) -> nn.Module:
    """Mmdet's head with the closed-form parameters and pixel decoder."""
    config = mp_former_config(
        4,
        **dict(type='MPFormerHead') | changes,
        num_things_classes=4,
        num_stuff_classes=0,
    )
    for key in ('num_classes', 'align_corners'):
        config.pop(key)
    head = MODELS.build(config)
    head.pixel_decoder = GoldenPixelDecoder()
    with torch.no_grad():
        for name, parameter in head.named_parameters():
            parameter.copy_(_golden_parameter(name, parameter))
    return head


def _golden_parameter(name: str, parameter: Tensor) -> Tensor:
    """Rule `parameter`."""
    phase = 0.01 * (sum(name.encode()) % 1009)
    index = torch.arange(parameter.numel(), dtype=torch.float64)
    values = torch.sin(0.7 * index + phase).view(parameter.shape)
    if name.endswith('bias'):
        return 0.1 * values
    if 'norms.' in name or 'post_norm' in name:
        return 1 + 0.1 * values
    embeddings = ('query_embed', 'level_embed', 'label_embed', 'query_feat')
    is_embedding = name.removesuffix('.weight') in embeddings
    return values if is_embedding else 0.4 * values


def golden_points(num_masks: int) -> Tensor:
    """The fixed points, the same for every mask. (num_masks, 64, 2)."""
    i = torch.arange(1, 65, dtype=torch.float64)
    x = (0.5 + 0.7548776662466927 * i).frac()
    y = (0.5 + 0.5698402909980532 * i).frac()
    return torch.stack([x, y], -1).float().expand(num_masks, -1, -1)


def golden_random(counts: list[int], groups: int) -> AbstractContextManager:
    """Put the uniforms of the file in the place of random ones."""
    return mock.patch(
        'mmremax.mp_former.pilots.torch', GoldenRandom(counts, groups)
    )


@pytest.mark.parametrize(
    ('row', 'level'),
    [(row, level) for row in GOLDEN['pilot_masks'] for level in row['levels']]
    + [(row, row) for row in GOLDEN['pilot_masks_non_divisible']],
)
def test_pilot_masks(row: dict, level: dict) -> None:
    canvas = tuple(row.get('canvas', (64, 64)))
    mask = golden_mask(row['image'], row['gt'], canvas)
    assert mask.sum() == row['pixels']
    blocked = pilot_masks(mask[None], tuple(level['size']))
    assert torch.equal(blocked[0], unbits(level['blocked_bits']))


def test_point_noise() -> None:
    slots = PilotSlots.of(golden_ground_truth(COUNTS), 2)
    with golden_random(COUNTS, 2):
        for row in GOLDEN['point_noise_lambda_0.6_groups_2']:
            clean = pilot_masks(slots.masks, tuple(row['size']))
            noisy = noisy_masks(slots.spread(clean, True), 0.6)
            for entry in row['entries']:
                found = noisy[entry['image'], entry['group'] * 2 + entry['gt']]
                assert torch.equal(found, unbits(entry['noised_bits']))


def test_label_noise() -> None:
    row = GOLDEN['label_noise']
    slots = PilotSlots.of(golden_ground_truth(COUNTS), row['groups'])
    clean = slots.spread(slots.labels, 0)
    with golden_random(COUNTS, row['groups']):
        noisy = noisy_labels(clean, 4, row['r'])
    for labels, expected in ((clean, row['clean']), (noisy, row['noisy'])):
        groups = slots.gather(labels).view(-1, row['groups'])
        assert groups.T.flatten().tolist() == expected


@pytest.mark.parametrize('row', GOLDEN['layout'])
def test_layout(row: dict) -> None:
    counts = tuple(row['gt_counts'])
    index = torch.cat([torch.arange(count) for count in counts])
    slots = PilotSlots(
        index, torch.zeros(len(index), 1, 1), counts, row['groups']
    )
    assert slots.num_slots == row['P']
    table = slots.spread(slots.labels, -1)
    assert table.tolist() == row['slot_to_gt']
    assert torch.equal(slots.is_padding, table < 0)
    assert torch.equal(
        slots.gather(table), index.repeat_interleave(row['groups'])
    )
    blocked = slots.self_attention_mask(row['num_queries'])
    for found, bits in zip(
        blocked, row['self_attn_blocked_rows'], strict=True
    ):
        assert torch.equal(found, unbits(bits))


def test_point_convention() -> None:
    points = golden_points(1)
    mask = golden_mask(0, 0).float()[None, None]
    values = point_sample(mask, points)[0, 0]
    row = GOLDEN['point_sample_mask_b0_j0']
    assert values.sum() == pytest.approx(row['sum'], abs=TOLERANCE)
    for found, expected, atol in (
        (points[0, :4], GOLDEN['points_first4'], 1e-6),
        (values[:8], row['first8'], TOLERANCE),
    ):
        assert torch.allclose(found, torch.tensor(expected), atol=atol)


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
            padding='strict' if settings.get('strict_pad') else 'reference',
            query_pos=settings.get('query_pos', 'zero'),
        )
    )
    ground_truth = golden_ground_truth(counts)
    outputs = []
    head.register_forward_hook(lambda *args: outputs.extend(args[-1]))
    with (
        golden_random(counts, settings['G']),
        mock.patch(
            'mmremax.utils.point_losses'
            '.get_uncertain_point_coords_with_randomness',
            lambda masks, *args: golden_points(len(masks)),
        ),
    ):
        losses = head.loss(
            X,
            [sample_of(gt.labels, gt.masks, (64, 64)) for gt in ground_truth],
        )
    num_slots = run['P']
    real = ~PilotSlots.of(ground_truth, settings['G']).is_padding
    assert real.shape[1] == num_slots

    def near(found: Tensor, expected: float, atol: float = TOLERANCE):
        # Sums of up to 3000 terms: the tolerance is also of their size.
        rtol = TOLERANCE if atol == TOLERANCE else 0
        assert found.item() == pytest.approx(expected, abs=atol, rel=rtol)

    for classes, masks, row in zip(*outputs, run['predictions'], strict=True):
        mp_classes, mp_masks = classes[:, :num_slots], masks[:, :num_slots]
        near(mp_classes[real].sum(), row['mp_cls_sum_real'])
        near(mp_classes[~real].sum(), row['mp_cls_sum_pad'])
        near(mp_masks[real].sum(), row['mp_mask_sum_real'], 2e-3)
        near(mp_masks[real].abs().sum(), row['mp_mask_abs_sum_real'])
        near(classes[:, num_slots:].sum(), row['match_cls_sum'])
        near(masks[:, num_slots:].sum(), row['match_mask_sum'], 2e-3)
    all_classes, all_masks = outputs
    expected = torch.tensor(run['final_mp_mask_row0'])
    for found, values in (
        (all_classes[-1][:, :num_slots], torch.tensor(run['final_mp_cls'])),
        (all_masks[-1][:, : expected.shape[1], 0], expected),
    ):
        assert torch.allclose(found, values, atol=TOLERANCE)
    *others, last = run['mp_losses_weighted']
    for prefix, row in (
        ('', last),
        *((f'd{i}.', row) for i, row in enumerate(others)),
    ):
        for kind, value in row.items():
            near(losses[f'{prefix}mp_loss_{kind}'], value)
    total = sum(v for k, v in losses.items() if 'mp_loss' in k)
    near(total, run['mp_loss_total'], 2e-4)


@torch.no_grad()
def test_stock_matching() -> None:
    outputs = golden_head(type='Mask2FormerHead')(X, [])
    rows = GOLDEN['stock_matching']['predictions']
    for classes, masks, row in zip(*outputs, rows, strict=True):
        assert float(classes.sum()) == pytest.approx(row['cls_sum'], abs=1e-4)
        assert float(masks.sum()) == pytest.approx(row['mask_sum'], abs=2e-3)
    expected = torch.tensor(GOLDEN['stock_matching']['final_cls'])
    assert torch.allclose(outputs[0][-1], expected, atol=TOLERANCE)
