"""Links between the documents and into the code lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    *ROOT.glob('*.md'),
    *ROOT.glob('docs/**/*.md'),
    *ROOT.glob('configs/*/README.md'),
]
FILE = re.compile(
    r'(?:tools|configs|docs|tests|demo|requirements|mmremax)/'
    r'[\w./-]+\.(?:py|sh|md|txt|json)'
)
LINK = re.compile(r'\]\(([^)#\s]+)(?:#[^)]*)?\)')


@pytest.mark.parametrize(
    'path', DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)
def test_relative_links_exist(path):
    links = [x for x in LINK.findall(path.read_text()) if '://' not in x]
    missing = [x for x in links if not (path.parent / x).exists()]
    assert not missing


@pytest.mark.parametrize(
    'path',
    [path for path in DOCUMENTS if path.name != 'CHANGELOG.md'],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_named_files_exist(path):
    """Paths in backticks and commands; a changelog names what is gone."""
    for name in FILE.findall(path.read_text()):
        if 'my_' not in name:  # an example
            found = (ROOT / name).exists() or (path.parent / name).exists()
            assert found, name
