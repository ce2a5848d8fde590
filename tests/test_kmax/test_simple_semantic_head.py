"""Its values are tested in test_golden_networks.py (Cityscapes)."""

import pytest
import torch
from mmdet.registry import MODELS


@pytest.mark.parametrize('with_void', [False, True])
def test_shapes_and_gradients(with_void):
    head = MODELS.build(
        dict(
            type='SimpleSemanticHead',
            num_classes=19,
            in_channels=(8, 4, 16, 32),
            with_void=with_void,
            channels=8,
        )
    )
    logits = head([torch.randn(2, 32, 3, 5)])
    assert logits.shape == (2, 19 + with_void, 3, 5)
    logits.square().sum().backward()
    assert all(p.grad is not None for p in head.parameters())
