"""Imports inside the package point one way only.

A module may import its own folder and folders of a lower rank. Rank 9 sees
everything; folders that serve data and scores see structures and utils.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RANKS = {
    'utils': 0,
    'structures': 1,
    'models.layers': 2,
    'models.backbones': 3,
    'models.losses': 3,
    'models.task_modules': 3,
    'models.decode_heads': 5,
    'models.dense_heads': 4,
    'models.seg_heads': 4,
    'models.detectors': 5,
    'models.checkpoint': 2,
    'models.class_order': 2,
    'models.data_preprocessors': 2,
    'datasets': 2,
    'evaluation': 2,
    'visualization': 2,
    'engine': 9,
    'experiments': 10,
}
FILES = sorted((ROOT / 'mmremax').rglob('*.py'))


def folder_of(module: str) -> str:
    """Return the ranked folder of a dotted module name, '' if none."""
    name = module.removeprefix('mmremax').lstrip('.')
    matches = [f for f in RANKS if name == f or name.startswith(f + '.')]
    return max(matches, key=len, default='')


def imported_modules(source: str, package: list[str]) -> Iterator[str]:
    """Yield the package's modules that a file imports, as dotted names."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            keep = len(package) + 1 - node.level if node.level else 0
            base = '.'.join([*package[:keep], node.module or '']).strip('.')
            names = [f'{base}.{alias.name}' for alias in node.names]
        else:
            continue
        yield from (n for n in names if n.split('.')[0] == 'mmremax')


def test_every_folder_has_a_rank() -> None:
    folders = {
        '.'.join(path.relative_to(ROOT / 'mmremax').parent.parts)
        for path in FILES
    }
    unranked = {f for f in folders - {'', 'models'} if not folder_of(f)}
    assert not unranked, 'give them a rank in RANKS'


@pytest.mark.parametrize(
    'path', FILES, ids=lambda path: str(path.relative_to(ROOT))
)
def test_imports_point_left(path: Path) -> None:
    package = list(path.relative_to(ROOT).parent.parts)
    own = folder_of('.'.join([*package, path.stem]))
    if not own:  # the re-exports of `mmremax` and `mmremax.models`
        return
    for module in imported_modules(path.read_text(), package):
        other = folder_of(module)
        assert other, f'{module}: import from the folder that defines it'
        assert other == own or RANKS[other] < RANKS[own], module
        if RANKS[own] == 2 and own != 'models.layers':
            assert other in (own, 'structures', 'utils'), module


@pytest.mark.parametrize(
    'path',
    [p for p in FILES if p.name == '__init__.py'],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_init_only_re_exports(path: Path) -> None:
    """A docstring, imports, ``__all__``; the root also checks the stack."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            continue
        text = ast.unparse(node)
        is_docstring = isinstance(node, ast.Expr) and isinstance(
            node.value, ast.Constant
        )
        allowed = text.startswith('__all__ =') or is_docstring
        if path.parent.name == 'mmremax':
            allowed |= text.startswith(('__version__', 'prepare_stack()'))
        assert allowed, text


def test_relative_and_absolute_imports_are_resolved() -> None:
    source = (
        'from ..models.losses import a\n'
        'import mmremax.engine.b as b\n'
        'from . import c\n'
        'import torch\n'
    )
    found = imported_modules(source, ['mmremax', 'structures'])
    assert [folder_of(module) for module in found] == [
        'models.losses',
        'engine',
        'structures',
    ]
