"""Who may import whom: methods are folders, and stay apart."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / 'mmremax'
MAY_IMPORT = {
    'utils': set(),
    'kmax': {'utils'},
    'mp_former': {'utils'},
    'soft_label': {'utils', 'engine'},
    'remax': {'utils', 'kmax'},
    'datasets': {'utils', 'kmax'},
    'evaluation': {'utils', 'datasets'},
    'visualization': {'utils'},
    'engine': {'utils', 'kmax', 'datasets'},
    'studies': {'utils', 'visualization'},
    'inference': {'utils', 'kmax'},
    'export': {'utils', 'kmax', 'inference', 'datasets', 'evaluation'},
    'commands': {
        *('utils', 'datasets', 'engine', 'evaluation', 'export', 'inference'),
    },
}
EXCEPTIONS = {('remax/mp_former_head.py', 'mp_former')}
"""Where two methods meet: one small file of ReMaX."""


def imported_folders(source: str, package: list[str]) -> Iterator[str]:
    """Yield the top-level folders of the package that a file imports.

    Args:
        source: Code of the file.
        package: Of the file, as in ['mmremax', 'kmax', 'losses'].
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            keep = len(package) + 1 - node.level if node.level else 0
            base = '.'.join([*package[:keep], node.module or '']).strip('.')
            names = [f'{base}.{alias.name}' for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split('.')
            if parts[0] == 'mmremax':
                yield parts[1]


def test_every_folder_is_listed():
    folders = {path.parent.name for path in PACKAGE.glob('*/__init__.py')}
    assert folders == set(MAY_IMPORT)


@pytest.mark.parametrize('own', MAY_IMPORT)
def test_imports_what_it_may(own):
    for path in sorted((PACKAGE / own).rglob('*.py')):
        name = path.relative_to(PACKAGE)
        package = ['mmremax', *name.parent.parts]
        imported = set(imported_folders(path.read_text(), package))
        excepted = {other for file, other in EXCEPTIONS if file == str(name)}
        allowed = MAY_IMPORT[own] | {own, 'registry'} | excepted
        assert imported <= allowed, name


@pytest.mark.parametrize(
    'path',
    sorted(PACKAGE.rglob('__init__.py')),
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_init_only_re_exports(path):
    """A docstring, imports, ``__all__``; the root also checks the stack."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            continue
        text = ast.unparse(node)
        # A string alone is the docstring.
        allowed = text.startswith(('__all__ =', '"', "'"))
        if path.parent == PACKAGE:
            allowed |= text.startswith(('__version__', 'prepare_stack()'))
        assert allowed, text


def test_relative_and_absolute_imports_are_resolved():
    source = (
        'from ..kmax.losses import a\n'
        'import mmremax.engine.b as b\n'
        'from . import c\n'
        'import torch\n'
    )
    found = imported_folders(source, ['mmremax', 'remax'])
    assert list(found) == ['kmax', 'engine', 'remax']
