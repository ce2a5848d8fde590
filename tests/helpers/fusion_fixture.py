"""What the fusion head makes of the logits of an image."""

import numpy as np
from mmdet.structures import DetDataSample
from torch import Tensor

from mmremax.kmax.fusion import KMaXFusionHead


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
