"""Configs are found by name, by path, from anywhere."""

from pathlib import Path

import pytest

from mmremax.utils import model_index
from mmremax.utils.model_index import find_config, list_configs

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    'name',
    ['remax_r50_coco', 'ReMaX_R50_COCO', 'configs/remax/remax_r50_coco.py'],
)
def test_name_or_path_below_the_root(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_config(name) == ROOT / 'configs/remax/remax_r50_coco.py'


def test_file_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('remax_r50_coco').touch()
    assert find_config('remax_r50_coco') == Path('remax_r50_coco')


def test_another_package_s_config_is_found():
    name = 'mask2former/mask2former_r50_8xb2-lsj-50e_coco-panoptic.py'
    path = find_config(f'mmdet::{name}')
    assert path.is_file()
    assert path.parent.parent.parts[-3:] == ('mmdet', '.mim', 'configs')
    with pytest.raises(FileNotFoundError, match=r'no config none\.py'):
        find_config('mmdet::none.py')


def test_error_lists_names_near_it():
    with pytest.raises(FileNotFoundError, match='Near it: remax_r50_coco,'):
        find_config('my/remax_r50_coc.py')
    with pytest.raises(FileNotFoundError, match=r'model-index\.yml\.$'):
        find_config('!')


def test_installed_package_has_its_index_in_mim(tmp_path, monkeypatch):
    """With a folder `configs` beside it that is another package's."""
    (tmp_path / 'configs').mkdir()
    mim = tmp_path / 'mmremax' / '.mim'
    mim.mkdir(parents=True)
    (mim / 'model-index.yml').write_text('Import: [configs/metafile.yml]')
    (mim / 'configs').mkdir()
    (mim / 'configs' / 'metafile.yml').write_text(
        'Models: [{Name: a, Config: configs/x/a.py}]'
    )
    monkeypatch.setattr('mmremax.utils.resources.PACKAGE', mim.parent)
    assert model_index.list_configs() == {'a': mim / 'configs/x/a.py'}


def test_every_config_is_there():
    assert all(path.is_file() for path in list_configs().values())
