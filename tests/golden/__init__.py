"""Golden values and the closed-form tensors they were computed from.

`kmax.json` holds values of the published PyTorch code in float64. Its
`meta.generators` defines the generators below: no random state is involved,
so a module filled from the published parameter names gives the same numbers
on every machine.
"""

import json
import math
import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

GOLDEN_DIR = Path(__file__).parent
_NORM = ('weight', 'bias', 'running_mean', 'running_var')


@cache
def load_golden(name: str = 'kmax') -> dict:
    """Read one golden file: keys `meta`, `cases`, `state_dict_manifest`."""
    return json.loads((GOLDEN_DIR / f'{name}.json').read_text())


def load_case(case_id: str, name: str = 'kmax') -> dict:
    """Return the case `case_id`: `expected`, `inputs`, `parameters`, ...

    Read only: all tests share the returned dict.
    """
    for case in load_golden(name)['cases']:
        if case['id'] == case_id:
            return case
    raise KeyError(f'no case {case_id!r} in {name}.json')


def U(key: str, num: int) -> np.ndarray:  # noqa: N802
    """Hash `num` numbers in [0, 1) from `key`. (num,), float64."""
    x = np.arange(num, dtype=np.uint64) + zlib.crc32(key.encode())
    x = x.astype(np.uint32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    return x / 2.0**32


def R(key: str, shape: Sequence[int], a: float = 1) -> Tensor:  # noqa: N802
    """Hash a tensor with entries in [-a, a) from `key`, float64."""
    values = a * (2 * U(key, math.prod(shape)) - 1)
    return torch.from_numpy(values).reshape(*shape)


def S(  # noqa: N802
    shape: Sequence[int], k: float, phi: float = 0.0, a: float = 1.0
) -> Tensor:
    """Return `a * sin(k * (i + 1) + phi)` of the flat index i, float64."""
    index = torch.arange(1, math.prod(shape) + 1, dtype=torch.float64)
    return (a * torch.sin(k * index + phi)).reshape(*shape)


def golden_fill(key: str, shape: Sequence[int]) -> Tensor:
    """Return the golden value of the published parameter `key`, float64.

    `num_batches_tracked` is 0: no golden value depends on it.
    """
    name = key.rsplit('.', 1)[-1]
    if name == 'num_batches_tracked':
        return torch.zeros((), dtype=torch.long)
    u = R(key, shape)
    if name == 'running_mean':
        return 0.1 * u
    if name == 'running_var':
        scale = 64 if 'similarity' in key else 1
        scale *= 16 if '_kmeans_query_batch_norm' in key else 1
        return scale * (1 + 0.5 * u)
    if name == 'gamma':
        return 0.5 + 0.1 * u
    if len(shape) == 1:
        return 0.6 + 0.2 * u if name == 'weight' else 0.1 * u
    fan = math.prod(shape[1:])
    if fan == 1 or '_rpe' in key or '_cluster_centers' in key:
        return u
    return math.sqrt(2) * math.sqrt(3 / fan) * u


def manifest(model: str = 'coco_r50') -> dict[str, list[int]]:
    """Return published key -> shape of `model`.

    Args:
        model: `coco_r50`, `coco_convnext_tiny`, `cityscapes_r50`, or one of
            the two that follow from these: `ade_r50`,
            `cityscapes_convnext_tiny`.
    """
    stored = load_golden()['state_dict_manifest']
    shapes = dict(stored['coco_r50'])
    if model == 'ade_r50':
        return {
            key: [151 if n == 134 else n for n in shape]
            for key, shape in shapes.items()
        }
    if model.startswith('cityscapes'):
        for key in stored['cityscapes_r50_keys_absent_compared_with_coco_r50']:
            del shapes[key]
        shapes.update(
            stored['cityscapes_r50_entries_that_differ_from_coco_r50']
        )
    if model.endswith('convnext_tiny'):
        own = stored['coco_convnext_tiny_entries_that_differ_from_coco_r50']
        if model.startswith('cityscapes'):
            own = _with_stem(own, stored['coco_r50'])
        shapes = {
            k: v for k, v in shapes.items() if not k.startswith('backbone.')
        }
        shapes.update(own)
    return shapes


def _with_stem(
    convnext: dict[str, list[int]], coco_r50: dict[str, list[int]]
) -> dict[str, list[int]]:
    """Adapt the entries of ConvNeXt-T to five features, the stem the last."""
    decoder = 'sem_seg_head.pixel_decoder.'
    head = 'sem_seg_head.predictor._auxiliary_semantic_predictor'
    stage_3 = f'{decoder}_resized_fuses.2._conv_bn_high.'
    return {
        **{k: v for k, v in coco_r50.items() if k.startswith(stage_3)},
        **{k: v for k, v in convnext.items() if not k.startswith(head)},
        f'{decoder}_in_norms.4.weight': [96],
        f'{decoder}_in_norms.4.bias': [96],
        f'{decoder}_resized_fuses.3._conv_bn_high.conv.weight': [32, 96, 1, 1],
        **{f'{head}.0.norm.{name}': [768] for name in _NORM},
        f'{head}.0.conv.weight': [768, 1, 5, 5],
        f'{head}.1.conv.weight': [256, 768, 1, 1],
    }


def assert_probe(
    tensor: Tensor,
    expected: dict[str, Any],
    rtol: float = 1e-6,
    atol: float = 1e-7,
    name: str = '',
) -> None:
    """Compare `tensor` with a stored summary.

    Args:
        tensor: Any shape.
        expected: `shape`, `mean`, population `std`, `absmax` and the
            `probe_value` at the flat row-major `probe_index`.
        rtol: Relative tolerance; the stored values have 8 digits.
        atol: Absolute tolerance, in units of the tensor's largest value.
        name: Shown when the comparison fails.
    """
    tensor = tensor.detach().double()
    assert list(tensor.shape) == expected['shape'], (
        f'{name} shape {list(tensor.shape)}, golden {expected["shape"]}'
    )
    flat = tensor.flatten()
    summary = flat.mean(), flat.std(unbiased=False), flat.abs().max()
    wanted = [expected[key] for key in ('mean', 'std', 'absmax')]
    np.testing.assert_allclose(
        [*summary, *flat[expected['probe_index']]],
        wanted + expected['probe_value'],
        rtol=rtol,
        atol=atol * max(expected['absmax'], 1e-30),
        err_msg=f'{name} (mean, std, absmax, 8 probes)',
    )
