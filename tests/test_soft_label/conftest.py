import pytest
from mmengine.registry import DefaultScope


@pytest.fixture(autouse=True)
def mmseg_scope():
    """Build as a Runner with a config of mmseg does."""
    with DefaultScope.overwrite_default_scope('mmseg'):
        yield
