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
def test_links_and_named_files_exist(path):
    """Relative links; paths in backticks and commands."""
    text = path.read_text()
    for link in LINK.findall(text):
        assert '://' in link or (path.parent / link).exists(), link
    if path.name == 'CHANGELOG.md':  # it names what is gone
        return
    for name in FILE.findall(text):
        if 'my_' not in name:  # an example
            found = (ROOT / name).exists() or (path.parent / name).exists()
            assert found, name
