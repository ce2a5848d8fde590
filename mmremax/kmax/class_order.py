"""Reorder the classes of published checkpoints: things first.

Letters: K classes without no_object.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

# Train ids of Cityscapes, and the indices of ADE20K's stuff classes.
CITYSCAPES_THINGS = tuple(range(11, 19))
ADE20K_STUFF = tuple(
    map(
        int,
        '0 1 2 3 4 5 6 9 11 13 16 17 21 25 26 28 29 34 40 46 48 51 52 54 59 '
        '60 61 63 68 77 79 84 91 94 96 99 100 101 105 106 109 113 114 117 122 '
        '128 131 140 141 145'.split(),
    )
)
PUBLISHED_ORDERS = {
    19: (*CITYSCAPES_THINGS, *range(11)),
    150: (
        *(label for label in range(150) if label not in ADE20K_STUFF),
        *ADE20K_STUFF,
    ),
}
"""Number of classes -> published index of each of our classes."""

CLASS_LAYERS = ('.class_head.', '.classifier.')


def put_things_first(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Reorder the rows of all class layers from the published order to ours.

    The published PyTorch checkpoints of Cityscapes (19 classes) and ADE20K
    (150) keep the order of the data set, in which things and stuff mix; here
    labels are things first, then stuff. COCO's have that order already.

    Args:
        state_dict: Key of ours -> tensor; other numbers of classes stay as
            they are.

    Returns:
        The same keys. Void and no_object stay last.
    """
    head = next(
        (key for key in state_dict if key.endswith('.class_head.bias')), None
    )
    num_classes = len(state_dict[head]) - 1 if head else 0
    order = PUBLISHED_ORDERS.get(num_classes)
    if order is None:
        return dict(state_dict)
    rows = {
        num_classes: torch.tensor(order),
        num_classes + 1: torch.tensor([*order, num_classes]),
    }
    return {
        key: tensor[rows[len(tensor)]]
        if any(layer in key for layer in CLASS_LAYERS)
        else tensor
        for key, tensor in state_dict.items()
    }
