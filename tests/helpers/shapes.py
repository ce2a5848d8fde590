"""Pytest plugin: a small synthetic data set, made once per test run."""

from pathlib import Path

import pytest

from mmremax.datasets.shapes import TexturedShapes, make_shapes


@pytest.fixture(scope='session')
def shapes_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight training and four validation images of 96 x 128 pixels."""
    root = tmp_path_factory.mktemp('shapes')
    definition = TexturedShapes(num_train=8, num_val=4, size=(96, 128))
    for _ in make_shapes(root, definition):
        pass
    return root
