"""Blobs of logits, and what the fusion head makes of them."""

import numpy as np
import torch
from mmdet.structures import DetDataSample
from torch import Tensor

from mmremax.kmax.fusion import KMaXFusionHead
from tests.golden import S

BUMPS = (
    (6.0, 4.0, 4.0, 3.0, 0, 7.0),
    (6.0, 4.0, 11.0, 3.0, 1, 6.0),
    (5.0, 5.0, 12.0, 3.0, 1, 7.0),
    (3.0, 12.0, 3.0, 9.0, 3, 5.0),
    (3.0, 13.0, 12.0, 9.0, 3, 4.5),
    (7.0, 10.0, 8.0, 1.5, 2, 4.0),
    (-9.0, 8.0, 8.0, 9.0, 4, 9.0),
    (2.5, 0.5, 8.0, 4.0, 5, 3.2),
    (4.0, 8.0, 14.5, 2.0, 6, 9.0),
    (1.0, 8.0, 8.0, 60.0, 4, 3.6),
)


def bumps() -> tuple[Tensor, Tensor]:
    """Class logits (10, 7) and mask logits (10, 16, 16) of the fixture."""
    class_logits = S((10, 7), 0.7, 0.1, 0.5)
    y, x = torch.meshgrid(
        *[torch.arange(16, dtype=torch.float64)] * 2, indexing='ij'
    )
    masks = []
    for query, (a, cy, cx, s, c, v) in enumerate(BUMPS):
        masks.append(a - ((y - cy) ** 2 + (x - cx) ** 2) / s)
        class_logits[query, c] += v
    return class_logits, torch.stack(masks)


def sample(
    ori_shape: tuple, img_shape: tuple | None = None, padded=None
) -> DetDataSample:
    shape = img_shape or ori_shape
    meta = dict(img_shape=shape, batch_input_shape=padded or shape)
    return DetDataSample(metainfo=dict(ori_shape=ori_shape, **meta))


def predict(
    class_logits: Tensor,
    mask_logits: Tensor,
    data_sample: DetDataSample,
    rescale: bool = True,
    **test_cfg: object,
) -> dict:
    """Make the results of one image."""
    batch = class_logits[None], mask_logits[None], [data_sample]
    return KMaXFusionHead(3, 3, test_cfg).predict(*batch, rescale)[0]


def pan_map(result: dict) -> np.ndarray:
    return result['pan_results'].sem_seg[0].numpy()


def assert_same_segments(
    ours: np.ndarray, expected: np.ndarray, labels: dict[int, int]
) -> None:
    """Compare up to the numbering of the instances.

    Args:
        ours: Ids of the fusion head, 6 is void.
        expected: Other ids.
        labels: Expected id -> class, void left out.
    """
    pairs = set(
        zip(ours.ravel().tolist(), expected.ravel().tolist(), strict=True)
    )
    assert len(pairs) == len(np.unique(ours)) == len(np.unique(expected))
    for our_id, expected_id in pairs:
        assert our_id % 1000 == labels.get(expected_id, 6)
