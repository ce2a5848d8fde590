"""The page and the notebook about using a model do what they say."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from mmremax.inference import Predictor
from mmremax_runtime.cli import COMMANDS, main

ROOT = Path(__file__).parents[1]
NUCLEI = ROOT / 'demo/nuclei'
NOTEBOOK = ROOT / 'demo/use_a_model.ipynb'
PAGE = (ROOT / 'docs/use_a_model.md').read_text()
QUICK, EXPORT = PAGE.split('\n## Export\n')
FENCE = re.compile(r'^```(\w+)\n(.*?)^```', re.M | re.S)
SAMPLE = ('fluorescence_sparse.jpg', 'tissue_pink.jpg')


@pytest.fixture
def clone(tmp_path, monkeypatch) -> Path:
    """Enter a folder as a clone, with less to segment."""
    images = tmp_path / 'demo/nuclei/sample/images'
    images.mkdir(parents=True)
    for name in SAMPLE:
        shutil.copy(NUCLEI / 'sample/images' / name, images)
    shutil.copy(NUCLEI / 'model.safetensors', images.parents[1])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def snippets(language: str, text: str = QUICK) -> list[str]:
    return [code for name, code in FENCE.findall(text) if name == language]


def run_commands(text: str, commands: tuple[str, ...]) -> None:
    lines = ''.join(snippets('bash', text)).splitlines()
    lines = [line for line in lines if line.startswith(commands)]
    assert lines
    for line in lines:
        command, *_ = line.split(' > ')
        assert main(shlex.split(command)[1:]) == 0


def test_python_of_the_page(clone, capsys):
    names: dict = {}
    for code in snippets('python'):
        exec(compile(code, 'docs/use_a_model.md', 'exec'), names)
    assert (names['same'].ids == names['results'][0].ids).all()
    counts = re.findall(r'^0\.\d (\d+)$', capsys.readouterr().out, re.M)
    counts = list(map(int, counts))
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]
    for name in ('nuclei.png', 'nuclei_model/README.md', 'mmdet/vis'):
        assert (clone / 'outputs' / name).exists()


def test_commands_of_the_page(clone, capsys):
    run_commands(QUICK, ('mmremax predict',))
    assert 'nucleus' in capsys.readouterr().out
    assert len([*(clone / 'outputs').glob('*_panoptic.png')]) == len(SAMPLE)


@pytest.mark.slow
def test_the_export_of_the_page(clone):
    run_commands(EXPORT, ('mmremax export', 'mmremax predict'))
    names: dict = {}
    for code in snippets('python', EXPORT):
        exec(compile(code, 'docs/use_a_model.md', 'exec'), names)
    weights = NUCLEI / 'model.safetensors'
    expected = Predictor.from_pretrained(weights, device='cpu').predict(
        names['result'].image, channel_order='rgb'
    )
    assert (names['result'].ids != expected.ids).mean() < 1e-4


def test_the_page_names_every_command():
    named = set(re.findall(r'^\| `mmremax ([\w-]+)', PAGE, re.M))
    assert named == set(COMMANDS)


@pytest.mark.slow
def test_the_notebook_runs(clone):
    nbformat = pytest.importorskip('nbformat')
    nbclient = pytest.importorskip('nbclient')
    book = nbformat.read(NOTEBOOK, as_version=4)
    shutil.copytree(
        NUCLEI / 'sample', clone / 'demo/nuclei/sample', dirs_exist_ok=True
    )
    where = dict(metadata=dict(path=str(clone / 'demo')))
    nbclient.NotebookClient(book, timeout=300, resources=where).execute()
    assert any((clone / 'outputs/notebook').iterdir())


def test_the_notebook_is_small_and_holds_no_error():
    text = NOTEBOOK.read_text()
    assert len(text) < 150_000
    assert '"output_type": "error"' not in text
    assert '"name": "stderr"' not in text
