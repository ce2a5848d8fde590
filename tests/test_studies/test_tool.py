"""The tool, from a study file to tables and a figure."""

import runpy
from pathlib import Path

import pytest
from PIL import Image

from tests.helpers.scripts import ROOT, run_script
from tests.helpers.toy_result import write_result
from tests.helpers.toy_study import toy_scripts, write_study

TOOL = 'tools/study.py'


@pytest.fixture
def study(monkeypatch):
    """Run the tool; its exit status is 0, a number, or a message."""

    def call(*arguments: object) -> object:
        with pytest.raises(SystemExit) as end:
            run_script(monkeypatch, TOOL, *arguments)
        return end.value.code

    return call


def test_run_prints_the_tables_and_fails_with_a_run(study, tmp_path, capsys):
    path = write_study(tmp_path, base=0.0, bad=0.5)
    how = ('run', path, '--out', tmp_path / 'out', '--seeds', 1, '--arms')
    with toy_scripts(tmp_path):
        assert study(*how, 'base') == 0
        assert '| base | 40.0 |' in capsys.readouterr().out
        # Scored again: the tables hold the test alone.
        assert study(*how, 'base', '--test-options', 'a.b=0.5') == 0
        assert '| PQ after | 40 steps |' in capsys.readouterr().out
        assert study(*how, 'b*') == 1
    assert 'no arm' not in capsys.readouterr().out


def test_figures_are_drawn_and_faults_are_one_line(study, tmp_path):
    path = write_result(tmp_path)
    for kind in ('convergence', 'differences', 'fp-fn'):
        out = tmp_path / 'new' / f'{kind}.png'
        assert study('figure', kind, path, '--out', out) == 0
        assert out.stat().st_size > 10_000
        with Image.open(out) as one:
            height = one.height
        assert study('figure', kind, path, path, '--out', out) == 0
        with Image.open(out) as two:
            assert two.height > 1.5 * height  # a panel each
    message = study('table', 'scores', path, '--arms', 'kmaxx')
    assert "no arm 'kmaxx'; it has kmax" in message
    assert 'No such file' in study('run', tmp_path / 'none.py')
    document = tmp_path / 'page.md'
    document.write_text(f'<!-- study.py table scores {path} -->\n\n| old |\n')
    assert study('write', document) == 0
    assert '| kMaX | 41.0 ± 1.4 |' in document.read_text()


def test_documents_hold_what_the_results_say(monkeypatch):
    monkeypatch.chdir(ROOT)
    tool = runpy.run_path(TOOL)
    text = Path('docs/studies/README.md').read_text()
    assert len(tool['TABLE'].findall(text)) >= 27
    assert tool['renew'](text) == text
