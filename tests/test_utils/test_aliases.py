"""An old name builds the new component and says so."""

import pytest
from mmengine.registry import Registry

from mmremax.utils.aliases import ALIASES, register_alias

ROWS = [
    (registry, old, new)
    for registry, names in ALIASES.items()
    for old, new in names.items()
]


def test_an_old_name_builds_the_new_component():
    registry = Registry('parts')

    @registry.register_module()
    class NewName:
        def __init__(self, size):
            self.size = size

    register_alias(registry, 'OldName', 'NewName')
    with pytest.warns(FutureWarning, match="'OldName' .*'NewName'"):
        part = registry.build(dict(type='OldName', size=3))
    assert type(part) is NewName
    assert part.size == 3


@pytest.mark.parametrize(('registry', 'old', 'new'), ROWS)
def test_every_row_names_a_component(registry, old, new):
    assert registry.get(old).__name__ == old
    assert registry.get(new).__name__ == new
