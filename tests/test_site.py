"""The site of the documentation holds what it names, and builds."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.helpers.scripts import load_script

ROOT = Path(__file__).parents[1]
BUILD = load_script('tools/build_docs.py')
stage = BUILD['stage']
MODULE = re.compile(r'^::: ([\w.]+)$', re.M)


class Loader(yaml.SafeLoader):
    """Leaves out what builds Python objects."""


Loader.add_multi_constructor('!', lambda *_: None)
Loader.add_multi_constructor('tag:yaml.org,2002:python/', lambda *_: None)


def read_config() -> dict:
    return yaml.load((ROOT / 'mkdocs.yml').read_text(), Loader)


def pages_of(nav: list | dict | str) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    entries = nav.values() if isinstance(nav, dict) else nav
    return [page for entry in entries for page in pages_of(entry)]


def test_the_menu_names_pages_that_are_there():
    pages = pages_of(read_config()['nav'])
    assert len(pages) == len(set(pages)) > 20
    known = {
        str(path.relative_to(ROOT).with_suffix('.md'))
        for path in BUILD['find_pages']()
    }
    assert set(pages) <= known
    assert ROOT / read_config()['docs_dir'] == BUILD['STAGE']


def test_every_document_is_in_the_menu():
    documents = {
        str(path.relative_to(ROOT))
        for glob in ('docs/**/*.md', 'configs/*/README.md')
        for path in ROOT.glob(glob)
    }
    assert documents <= set(pages_of(read_config()['nav']))


def test_the_api_names_modules_that_are_there():
    names = [
        name
        for page in ROOT.glob('docs/api/*.md')
        for name in MODULE.findall(page.read_text())
    ]
    assert len(names) == len(set(names)) > 20
    for name in names:
        path = ROOT.joinpath(*name.split('.'))
        assert path.is_dir() or path.with_suffix('.py').is_file(), name


def test_pages_bring_what_they_link_to(tmp_path, monkeypatch):
    files = {
        'README.md': '[a](docs/a.md#b) [c](x.py) [d](data) [e](https://e.f)',
        'docs/a.md': '![p](p.svg) [l](../LICENSE) [n](../demo/n.ipynb)',
        'docs/p.svg': '<svg/>',
        'data/one.csv': '',
        'x.py': 'x = 1\n',
        'LICENSE': 'free\n',
        'demo/n.ipynb': '{"cells": [{"cell_type": "code", "source": ["1"], '
        '"outputs": [{"data": {"text/plain": ["one"]}}]}]}',
    }
    for name, text in files.items():
        path = tmp_path / 'repository' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setitem(stage.__globals__, 'ROOT', tmp_path / 'repository')
    site = tmp_path / 'pages'
    stage(site)
    assert (site / 'README.md').read_text() == (
        '[a](docs/a.md#b) [c](x.py.md) [d](data/README.md) [e](https://e.f)'
    )
    assert (site / 'docs/a.md').read_text() == (
        '![p](p.svg) [l](../LICENSE.md) [n](../demo/n.md)'
    )
    assert '~~~~python\nx = 1\n~~~~' in (site / 'x.py.md').read_text()
    assert 'one.csv' in (site / 'data/README.md').read_text()
    assert (site / 'docs/p.svg').exists()
    assert (site / 'demo/n.md').read_text() == (
        '```python\n1\n```\n\n```text\none\n```'
    )
    (tmp_path / 'repository/x.py').unlink()
    with pytest.raises(SystemExit, match=r'README\.md links to x\.py'):
        stage(site)


@pytest.mark.slow
def test_the_site_builds():
    """Where the packages of requirements/docs.txt are, as in `make docs`."""
    python = ROOT / '.venv-docs/bin/python'
    if importlib.util.find_spec('zensical'):
        python = Path(sys.executable)
    if not python.exists():
        pytest.skip('zensical is not installed: make docs')
    run = subprocess.run(
        [python, ROOT / 'tools/build_docs.py'], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr
    site = ROOT / read_config()['site_dir']
    predictor = (site / 'docs/api/inference.html').read_text()
    assert 'id="mmremax.inference.predictor.Predictor' in predictor
    loaded = re.compile(
        r'<(?:script|link|img)[^>]*(?:src|href)="(https?:.*?)"'
    )
    for page in site.rglob('*.html'):
        assert not loaded.findall(page.read_text()), page
