"""An old name builds the new component and says so."""

from itertools import chain

import pytest
from mmengine.registry import Registry

from mmremax.utils.aliases import ALIASES, register_alias


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


@pytest.mark.parametrize('registry', ALIASES)
def test_every_row_names_a_component(registry):
    for name in chain(*ALIASES[registry].items()):
        assert registry.get(name).__name__ == name
