"""The scope `mmremax`: what mmdet's registries hold, and one thing more.

The package's components stand in mmdet's registries under names of their
own. A child of each of these makes `mmremax` a scope of its own, by which
mmengine's inferencers find the model index.
"""

import mmdet.registry
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.registry import WEIGHT_INITIALIZERS as MMENGINE_INITIALIZERS
from mmengine.registry import Registry

# What would otherwise replace a component of mmengine, `Pretrained`.
WEIGHT_INITIALIZERS = Registry(
    'weight initializer',
    parent=MMENGINE_INITIALIZERS,
    scope='mmremax',
    locations=['mmremax.engine'],
)

CHILDREN = [
    Registry(
        parent.name, parent=parent, scope='mmremax', locations=['mmremax']
    )
    for parent in vars(mmdet.registry).values()
    if isinstance(parent, Registry)
    and parent.scope == 'mmdet'
    and parent.parent is not MMENGINE_INITIALIZERS
]

# `mmremax::remax/remax_r50_coco.py` in a config, names in an inferencer.
MODULE2PACKAGE['mmremax'] = 'mmremax'
