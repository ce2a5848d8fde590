"""Post-processing as published: at full resolution, query by query."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmremax.kmax.mask_resize import crop_shape


def full_resolution_logits(
    mask_logits: Tensor, meta: dict, rescale: bool = True
) -> Tensor:
    """Resize, crop and resize as published: (Q, h, w) -> (Q, H, W)."""
    padded = meta['batch_input_shape']
    align_corners = padded[1] % 2 == 1
    kwargs = dict(mode='bilinear', align_corners=align_corners)
    crop = crop_shape(meta)
    logits = F.interpolate(mask_logits[None], size=padded, **kwargs)
    logits = logits[..., : crop[0], : crop[1]]
    if rescale:
        logits = F.interpolate(logits, size=meta['ori_shape'], **kwargs)
    return logits[0]


def oracle_merge(
    class_logits: Tensor, mask_logits: Tensor, num_things: int, cfg: dict
) -> tuple[np.ndarray, dict[int, int]]:
    """Merge at full resolution as published, query by query.

    Returns:
        Ids, 0 is void, and id -> class.
    """
    prob, label = class_logits.softmax(-1)[:, :-1].max(-1)
    pi = mask_logits.softmax(0)
    binary = pi > cfg['pixel_threshold']
    scores = []
    for n in range(len(pi)):
        mu = pi[n][binary[n]].mean().item() if binary[n].any() else 0.0
        scores.append(
            prob[n].item() ** cfg['class_score_power']
            * mu ** cfg['mask_score_power']
        )
    canvas = torch.zeros(pi.shape[1:], dtype=torch.long)
    labels, stuff = {}, {}
    for n in sorted(range(len(pi)), key=lambda n: -scores[n]):
        c = label[n].item()
        is_thing = c < num_things
        key = 'thing_threshold' if is_thing else 'stuff_threshold'
        free = binary[n] & (canvas == 0)
        if not prob[n].item() > cfg[key]:
            continue
        if not free.sum() > cfg['overlap_threshold'] * binary[n].sum():
            continue
        if not is_thing and c in stuff:
            canvas[free] = stuff[c]
            continue
        labels[len(labels) + 1] = c
        canvas[free] = len(labels)
        if not is_thing:
            stuff[c] = len(labels)
    # Area limits of the TensorFlow code, after merging.
    for i, c in list(labels.items()):
        limit = cfg['min_thing_area' if c < num_things else 'min_stuff_area']
        if (canvas == i).sum() < limit:
            canvas[canvas == i] = 0
            del labels[i]
    return canvas.numpy(), labels


def random_case(
    seed: int, num_queries: int = 12, shape: tuple = (9, 9)
) -> tuple[Tensor, Tensor]:
    """Smooth masks that overlap, classes mostly sure. float64."""
    generator = torch.Generator().manual_seed(seed)
    kwargs = dict(generator=generator, dtype=torch.float64)
    coarse = 4 * torch.randn(1, num_queries, 3, 3, **kwargs)
    mask_logits = F.interpolate(
        coarse, size=shape, mode='bicubic', align_corners=True
    )[0]
    mask_logits[1::2] = mask_logits[::2] - 0.5  # near duplicates: overlap
    mask_logits += 0.3 * torch.randn(mask_logits.shape, **kwargs)
    class_logits = 2 * torch.randn(num_queries, 7, **kwargs)
    class_logits[:, :6] += 1
    return class_logits, mask_logits


DEFAULTS = dict(
    pixel_threshold=0.4,
    thing_threshold=0.5,
    stuff_threshold=0.4,
    overlap_threshold=0.8,
    class_score_power=1.0,
    mask_score_power=1.0,
    min_thing_area=0,
    min_stuff_area=0,
)
SIZES = [  # ori_shape, img_shape, padded, logits
    ((26, 34), (26, 33), (33, 33), (9, 9)),
    ((35, 23), (32, 21), (32, 32), (8, 8)),
    ((64, 128), (65, 129), (65, 129), (17, 33)),  # crop differs from image
    ((20, 20), (17, 17), (33, 49), (9, 13)),  # image does not fill the input
    ((7, 90), (33, 33), (33, 33), (9, 9)),  # aspect not kept
    ((1, 40), (1, 33), (33, 33), (9, 9)),  # one row
    ((20, 30), (24, 33), (32, 33), (8, 9)),  # one side even
]
