"""Who may import whom: methods are folders, and stay apart."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / 'mmremax'
FILES = sorted(PACKAGE.rglob('*.py'))
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
    folders = {
        p.name for p in PACKAGE.iterdir() if (p / '__init__.py').exists()
    }
    assert folders == set(MAY_IMPORT)


@pytest.mark.parametrize(
    'path',
    [path for path in FILES if path.parent != PACKAGE],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_imports_what_it_may(path):
    name = path.relative_to(PACKAGE)
    own = name.parts[0]
    package = list(path.relative_to(ROOT).parent.parts)
    imported = set(imported_folders(path.read_text(), package))
    excepted = {other for file, other in EXCEPTIONS if file == str(name)}
    assert imported <= MAY_IMPORT[own] | {own, 'registry'} | excepted


@pytest.mark.parametrize(
    'path',
    [p for p in FILES if p.name == '__init__.py'],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_init_only_re_exports(path):
    """A docstring, imports, ``__all__``; the root also checks the stack."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            continue
        text = ast.unparse(node)
        is_docstring = isinstance(node, ast.Expr) and isinstance(
            node.value, ast.Constant
        )
        allowed = text.startswith('__all__ =') or is_docstring
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
