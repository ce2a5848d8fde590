import pytest
from mmengine.registry import init_default_scope


@pytest.fixture(autouse=True)
def mmdet_scope():
    """Find transforms by name as a config does."""
    init_default_scope('mmdet')
