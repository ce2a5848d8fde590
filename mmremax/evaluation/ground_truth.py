"""The ground truth of a sample, from its panoptic PNG."""

import numpy as np

from mmremax.datasets.panoptic_png import (
    colours_to_ids,
    read_rgb,
    replace_ids,
)

VOID_LABEL = -1


def read_gt_ids(
    sample: dict, remedy: str, backend_args: dict | None = None
) -> np.ndarray:
    """Read the map of true segment ids.

    Args:
        sample: Metainfo of a test sample.
        remedy: What to do without ground truth, for the error message.
        backend_args: Of mmengine's file backend.

    Returns:
        Segment ids, 0 is void. (H, W), int32.

    Raises:
        ValueError: The annotation file has no ground truth.
        FileNotFoundError: The PNG is missing.
    """
    path = sample.get('seg_map_path')
    if path is None:
        raise ValueError(
            f'{sample["img_path"]} has no ground truth to score: its '
            f'annotation file lacks "annotations". {remedy}'
        )
    remedy = 'check data_prefix["seg"].'
    return colours_to_ids(read_rgb(path, remedy, backend_args))


def semantic_labels(id_map: np.ndarray, segments: list[dict]) -> np.ndarray:
    """Give each pixel the class of its segment, crowds included.

    Args:
        id_map: True segment ids, 0 is void. (H, W).
        segments: Their table.

    Returns:
        Classes, -1 for void and for ids that the table lacks. (H, W), int64.
    """
    class_of = {s['id']: s['category'] for s in segments}
    return replace_ids(
        id_map,
        lambda ids: np.array(
            [class_of.get(i, VOID_LABEL) for i in ids.tolist()], np.int64
        ),
    )


def prediction_of(sample: dict, key: str, switch: str, metric: str) -> dict:
    """Take one kind of prediction of a sample.

    Args:
        sample: Predicted sample.
        key: Of the prediction.
        switch: Key of the model's `test_cfg` that makes it.
        metric: Who asks, for the error message.

    Returns:
        The prediction.

    Raises:
        KeyError: The model did not make it.
    """
    if key not in sample:
        raise KeyError(
            f'{metric} needs {key} in the predictions: set '
            f'model.test_cfg.{switch}=True, or take {metric} out of the '
            'evaluators.'
        )
    return sample[key]
