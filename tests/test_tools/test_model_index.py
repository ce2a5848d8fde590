"""model-index.yml lists each config, with what config and README say."""

import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / 'tools' / 'analysis'))

import model_index  # noqa: E402

FOLDERS = list(model_index.PAPERS)


def models(folder):
    path = ROOT / 'configs' / folder / 'metafile.yml'
    return yaml.safe_load(path.read_text())['Models']


def test_the_index_names_the_files():
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text())
    assert index['Import'] == [f'configs/{f}/metafile.yml' for f in FOLDERS]


@pytest.mark.parametrize('folder', FOLDERS)
def test_every_config_is_listed_as_it_is(folder):
    described = [
        model_index.described(folder, row) for row in model_index.rows(folder)
    ]
    listed = models(folder)
    for model in listed if folder in model_index.MEASURED else []:
        assert model['Metadata'].pop('Parameters') > 10_000_000
        assert model['Metadata'].pop('Multiply-Adds (G)') > 10
    assert listed == described, 'run tools/analysis/model_index.py'
    names = {model['Name'] for model in listed}
    files = {path.stem for path in (ROOT / 'configs' / folder).glob('*.py')}
    assert files - names <= {'remax_r50_coco_sample'}


def test_sizes_are_those_of_the_page():
    page = (ROOT / 'docs' / 'model_sizes.md').read_text()
    for model in models('remax'):
        if f'[{model["Name"]}]' in page:
            assert f'{model["Metadata"]["Parameters"]:,}' in page
