"""A small MP-Former head, and the closed-form one of the golden values.

`tests/golden/mp_former.json` holds values of an independent computation in
float64; its `rules` define every input and parameter.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch import Tensor, nn

import mmremax  # noqa: F401 (registers the components)
from mmremax.utils.migration import read_config
from tests.helpers.mask2former_fixture import CONFIGS, shrink

GOLDEN = json.loads(
    (Path(__file__).parents[1] / 'golden/mp_former.json').read_text()
)
SIZES = [(2, 2), (4, 4), (8, 8)]


def frac(values: Tensor) -> Tensor:
    """Fractional part, float64."""
    return values - values.floor()


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
    labels = GOLDEN['config']['gt_labels']
    return [
        InstanceData(
            labels=torch.tensor(labels[b][:count], dtype=torch.long),
            masks=torch.stack(
                [golden_mask(b, j) for j in range(count)]
                or [torch.zeros(64, 64)]
            )[:count].long(),
        )
        for b, count in enumerate(counts)
    ]


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
            return frac(0.6180339887498949 * (self.entry + 1))
        self.layer += 1
        location = torch.arange(shape[-1], dtype=torch.float64)
        index = 1 + location + 100 * self.entry[..., None] + 10000 * self.layer
        return frac(0.6180339887498949 * index)

    def randint_like(self, labels: Tensor, high: int) -> Tensor:
        return (high * frac(0.754877666 * (self.entry + 1))).long()


def mmseg_config(num_classes: int = 4, **changes: object) -> ConfigDict:
    """The golden head for mmseg: D = 8, 2 heads, 6 layers, 3 queries."""
    path = CONFIGS / 'mp_former/mp-former_r50_cityscapes-semantic_90k.py'
    head = read_config(path).model.decode_head
    head.update(num_classes=num_classes, num_queries=3)
    shrink(head, num_classes, [4] * 4, width=8, num_layers=6)
    head.pop('mp_cfg')
    head.update(changes)
    return head


def build_head(**changes: object) -> nn.Module:
    """Build mmdet's head; see `mmseg_config`."""
    config = mmseg_config(num_things_classes=4, num_stuff_classes=0, **changes)
    for key in ('num_classes', 'align_corners'):
        config.pop(key)
    return MODELS.build(config)


def golden_head(**changes: object) -> nn.Module:
    """The head with the closed-form parameters and pixel decoder."""
    head = build_head(**changes)
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
    x = frac(0.5 + 0.7548776662466927 * i)
    y = frac(0.5 + 0.5698402909980532 * i)
    return torch.stack([x, y], -1).float().expand(num_masks, -1, -1)
