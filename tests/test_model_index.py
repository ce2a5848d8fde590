"""model-index.yml leads to an entry for each config."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
METAFILES = yaml.safe_load((ROOT / 'model-index.yml').read_text())['Import']
NOT_LISTED = {'remax_r50_coco_sample'}  # six steps: does it run?


def test_every_folder_of_a_method_is_listed():
    folders = {
        path.parent.name for path in ROOT.glob('configs/*/README.md')
    } - {'quickstart', 'small', 'studies'}
    assert {Path(file).parent.name for file in METAFILES} == folders


@pytest.mark.parametrize('file', METAFILES)
def test_every_config_is_listed(file):
    index = yaml.safe_load((ROOT / file).read_text())
    (collection,) = index['Collections']
    assert (ROOT / collection['README']).is_file()
    for model in index['Models']:
        assert model['Config'] == f'{Path(file).parent}/{model["Name"]}.py'
        assert model['In Collection'] == collection['Name']
    files = (ROOT / file).parent.glob('*.py')
    names = {path.stem for path in files} - NOT_LISTED
    assert names == {model['Name'] for model in index['Models']}
