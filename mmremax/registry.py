"""The scope `mmremax`, for what must keep mmengine's own name.

The package's components stand in mmdet's registries under names of their
own; here is what would otherwise replace a component of mmengine.
"""

from mmengine.registry import WEIGHT_INITIALIZERS as MMENGINE_INITIALIZERS
from mmengine.registry import Registry

WEIGHT_INITIALIZERS = Registry(
    'weight initializer',
    parent=MMENGINE_INITIALIZERS,
    scope='mmremax',
    locations=['mmremax.engine'],
)
