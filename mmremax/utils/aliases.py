"""Names of components of an earlier version; they go with the next one.

An old name builds the new class and warns.
"""

from __future__ import annotations

import warnings
from typing import Any

from mmdet.registry import MODELS, TRANSFORMS
from mmengine.registry import Registry
from mmseg.registry import MODELS as MMSEG_MODELS

ALIASES: dict[Registry, dict[str, str]] = {
    MODELS: {
        'AuxiliarySemanticHead': 'KMaXSemanticDecoder',
        'SimpleSemanticHead': 'KMaXSemanticClassifier',
    },
    TRANSFORMS: {
        'AutoAugmentColour': 'AutoAugmentColor',
        'MinLabelledCells': 'FilterUnlabeledCrops',
        'SSDColourJitter': 'SSDColorJitter',
    },
    MMSEG_MODELS: {'SoftSegDataPreProcessor': 'SegDataPreProcessor'},
}
"""Old name -> new name, by registry."""


def register_alias(registry: Registry, old: str, new: str) -> None:
    """Let a registry build `new` where a config says `old`."""

    def build(*args: Any, **kwargs: Any) -> Any:
        warnings.warn(
            f'type={old!r} is the former name of {new!r} and will be removed '
            'with the next version: write the new one.',
            FutureWarning,
            stacklevel=2,
        )
        return registry.get(new)(*args, **kwargs)

    build.__name__ = old
    registry.register_module(name=old, module=build)


for _registry, _names in ALIASES.items():
    for _old, _new in _names.items():
        register_alias(_registry, _old, _new)
