"""Weights are fetched once, and are those that were asked for."""

import hashlib

import pytest
import torch

from mmremax.utils import fetched_weights
from mmremax.utils.fetched_weights import CheckpointError, fetch
from tests.helpers.hostile import serve


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, '_hub_dir', str(tmp_path / 'hub'))
    return tmp_path / 'hub/checkpoints'


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / 'site'
    (folder / 'other').mkdir(parents=True)
    (folder / 'a.pth').write_bytes(b'one')
    (folder / 'other/a.pth').write_bytes(b'two')
    return folder


def test_two_addresses_of_one_name_are_two_files(site, cache):
    with serve(site) as address:
        first = fetch(f'{address}/a.pth')
        second = fetch(f'{address}/other/a.pth')
        (site / 'a.pth').unlink()
        assert fetch(f'{address}/a.pth') == first
    assert (first.read_bytes(), second.read_bytes()) == (b'one', b'two')
    assert first.parent == second.parent == cache


def test_the_hash_in_a_name_is_verified(site, cache):
    """Under the name that torch gives it; also of what was there before."""
    good = hashlib.sha256(b'one').hexdigest()[:8]
    (site / 'a.pth').rename(site / f'a_20211228-{good}.pth')
    (site / 'other/a.pth').rename(site / 'b-deadbeef.pth')
    with serve(site) as address:
        path = fetch(f'{address}/a_20211228-{good}.pth')
        assert path == cache / f'a_20211228-{good}.pth'
        path.write_bytes(b'onx')
        for name in (path.name, 'b-deadbeef.pth'):
            with pytest.raises(CheckpointError, match='damaged') as error:
                fetch(f'{address}/{name}')
            assert name in str(error.value)


def test_a_date_in_a_name_is_no_hash(site, cache):
    (site / 'a.pth').rename(site / 'a-20211228.pth')
    with serve(site) as address:
        assert fetch(f'{address}/a-20211228.pth').read_bytes() == b'one'


def test_what_cannot_be_fetched_is_named(site, cache):
    with serve(site) as address:
        with pytest.raises(CheckpointError, match='404'):
            fetch(f'{address}/none.pth')
    for source in ('http://127.0.0.1:1/a.pth', 'pavi://a', 'file:///a.pth'):
        with pytest.raises(CheckpointError, match=source):
            fetch(source)
    assert not cache.exists() or not list(cache.iterdir())


def test_collections_are_resolved_as_mmengine_does(site, cache, monkeypatch):
    with serve(site) as address:
        models = dict(resnet0=f'{address}/a.pth')
        monkeypatch.setitem(
            fetched_weights.COLLECTIONS, 'torchvision', lambda: models
        )
        assert fetch('torchvision://resnet0').read_bytes() == b'one'
