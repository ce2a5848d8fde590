"""model-index.yml leads to each config that has a recipe."""

from pathlib import Path

import pytest
import yaml
from mmengine.infer import BaseInferencer

import mmremax  # noqa: F401
from mmremax.utils.model_index import list_configs

ROOT = Path(__file__).parents[1]
METAFILES = yaml.safe_load((ROOT / 'model-index.yml').read_text())['Import']
# What a study trains is named by the study; `_base_` is part of others.
NOT_MODELS = ('studies', '_base_')


def test_every_config_is_listed_once():
    wanted = {
        path.relative_to(ROOT)
        for path in ROOT.glob('configs/*/*.py')
        if path.parent.name not in NOT_MODELS
    }
    listed = [
        Path(model['Config'])
        for file in METAFILES
        for model in yaml.safe_load((ROOT / file).read_text())['Models']
    ]
    assert sorted(listed) == sorted(wanted)
    assert len({path.stem for path in listed}) == len(listed)


@pytest.mark.parametrize('file', METAFILES)
def test_entries_are_what_openmmlab_reads(file):
    """The key `Weights` in each, which mmengine reads; small letters alone."""
    index = yaml.safe_load((ROOT / file).read_text())
    readmes = {c['Name']: c['README'] for c in index['Collections']}
    for model in index['Models']:
        path = Path(model['Config'])
        assert model['Name'] == path.stem == path.stem.lower()
        assert model['Weights'] is None
        readme = ROOT / readmes[model['In Collection']]
        assert readme.parent == ROOT / path.parent
        assert f'({path.name})' in readme.read_text()


def test_inferencers_find_each_model():
    found = BaseInferencer.list_models(scope='mmremax')
    assert sorted(found) == sorted(list_configs())
