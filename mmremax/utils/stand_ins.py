"""Components of ours in the place of others', for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mmengine.registry import Registry

_OURS: list[tuple[Registry, str, type]] = []


def stands_in_for(registry: Registry, name: str) -> Callable[[type], type]:
    """Decorate a class that `stand_ins` puts under a name of others."""

    def decorate(kind: type) -> type:
        _OURS.append((registry, name, kind))
        return kind

    return decorate


@contextmanager
def stand_ins() -> Iterator[None]:
    """Let configs build our components under the names of others."""
    theirs = [registry.module_dict.get(name) for registry, name, _ in _OURS]
    for registry, name, kind in _OURS:
        registry.module_dict[name] = kind
    try:
        yield
    finally:
        for (registry, name, _), kind in zip(_OURS, theirs, strict=True):
            registry.module_dict[name] = kind
