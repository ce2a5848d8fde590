"""Build the documentation: work_dirs/site/index.html.

`make docs` installs what this needs, requirements/docs.txt alone: the API is
read from the code, which is not imported. Every page keeps its place in the
repository, so a link that works there works here. What a page links to and
is none becomes one: a config, a script, a folder without README.md. A link
that leads nowhere is an error.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]
STAGE = ROOT / 'work_dirs/site_pages'  # `docs_dir` of mkdocs.yml
PAGES = (
    '*.md',
    'docs/**/*.md',
    'configs/*/README.md',
    'demo/**/*.md',
    'demo/*.ipynb',
)
LANGUAGES = {
    '.py': 'python',
    '.sh': 'bash',
    '.yml': 'yaml',
    '.txt': 'text',
    '': 'text',
}
LINK = re.compile(r'\]\(([^)#\s]+)')


def find_pages() -> list[Path]:
    """List what is a page by itself."""
    return sorted(path for glob in PAGES for path in ROOT.glob(glob))


def stage(target: Path) -> None:
    """Write all pages, and what they link to, to a folder."""
    shutil.rmtree(target, ignore_errors=True)
    for page in find_pages():
        bring = partial(_bring, page=page, target=target)
        text = LINK.sub(bring, read_page(page))
        place = target / page.relative_to(ROOT).with_suffix('.md')
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding='utf-8')


def read_page(path: Path) -> str:
    """Read a page as Markdown."""
    text = path.read_text(encoding='utf-8')
    if path.suffix != '.ipynb':
        return text
    parts = []
    for cell in json.loads(text)['cells']:
        source = ''.join(cell['source'])
        if cell['cell_type'] == 'code':
            source = f'```python\n{source}\n```'
        parts += [source, *map(_output, cell.get('outputs', []))]
    return '\n\n'.join(parts)


def _output(output: dict) -> str:
    """Show what a cell of a notebook gave."""
    data = output.get('data', {'text/plain': output.get('text', '')})
    for kind in ('image/jpeg', 'image/png'):
        if kind in data:
            content = ''.join(data[kind]).replace('\n', '')
            return f'<img alt="" src="data:{kind};base64,{content}">'
    if 'text/html' in data:
        return ''.join(data['text/html'])
    return f'```text\n{"".join(data["text/plain"]).rstrip()}\n```'


def _bring(link: re.Match, page: Path, target: Path) -> str:
    """Put a link's target into the site; return the link to it."""
    if '://' in link[1]:
        return link[0]
    path = (page.parent / link[1]).resolve()
    if not path.exists() or not path.is_relative_to(ROOT):
        sys.exit(f'{page.relative_to(ROOT)} links to {link[1]}: not there.')
    place = target / path.relative_to(ROOT)
    base = link[1].rstrip('/')
    if path.is_dir():
        if not (path / 'README.md').exists():
            names = sorted(p.name for p in path.iterdir())
            names = [name for name in names if name[0] not in '._']
            _write_page(place / 'README.md', path, 'text', '\n'.join(names))
        return f']({base}/README.md'
    if path.suffix == '.ipynb':
        return f']({base.removesuffix(".ipynb")}.md'
    if path.suffix in LANGUAGES:
        code = path.read_text(encoding='utf-8')
        place = place.with_name(f'{place.name}.md')
        _write_page(place, path, LANGUAGES[path.suffix], code)
        return f']({base}.md'
    if path.suffix != '.md':
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    return link[0]


def _write_page(place: Path, path: Path, language: str, text: str) -> None:
    """Make a page of text that is no Markdown."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(
        '---\nsearch:\n  exclude: true\nhide: [toc]\n---\n'
        f'# {path.name}\n\n`{path.relative_to(ROOT)}`\n\n'
        f'~~~~{language}\n{text.rstrip()}\n~~~~\n',
        encoding='utf-8',
    )


def main() -> int:
    """Build."""
    stage(STAGE)
    builder = Path(sys.executable).with_name('zensical')
    if not builder.exists():
        sys.exit('zensical is not installed here: `make docs` installs it.')
    return subprocess.call([builder, 'build', '--clean', '--strict'], cwd=ROOT)


if __name__ == '__main__':
    sys.exit(main())
