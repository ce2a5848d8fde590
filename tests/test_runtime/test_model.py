import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from mmremax.export.check import different_pixels
from mmremax_runtime.model import load
from mmremax_runtime.sessions import ModelError
from tests.helpers.exported import change_description
from tests.helpers.scripts import ROOT


def test_predict_is_the_predictor_s(exported, tmp_path):
    folder, predictor, _ = exported
    rng = np.random.default_rng(0)
    sizes = [(40, 60), (130, 50), (65, 65), (1, 1)]
    for number, size in enumerate(sizes):
        small = Image.fromarray(rng.integers(0, 256, (5, 6, 3), np.uint8))
        small.resize(size).save(tmp_path / f'{number}.png')
    model = load(folder, threads=1)
    for batch_size in (1, 4):
        found = model.predict(tmp_path, batch_size=batch_size)
        for ours, theirs in zip(
            predictor.predict(tmp_path), found, strict=True
        ):
            assert different_pixels(ours, theirs) == 0
            assert theirs.source == ours.source


@pytest.mark.parametrize(
    ('spoil', 'says'),
    [
        (lambda f: (f / 'model.json').unlink(), 'No such file'),
        (lambda f: (f / 'model.onnx').unlink(), 'No such file'),
        (lambda f: (f / 'model.json').write_text('{'), 'no description'),
        (lambda f: (f / 'model.onnx').write_text('?'), 'another model.onnx'),
        (lambda f: change_description(f, schema=9), 'schema 9.*update'),
        (lambda f: change_description(f, kind='x'), "kind 'x'"),
        (lambda f: change_description(f, mean=None), 'does not describe'),
        (lambda f: change_description(f, classes={}), 'does not describe'),
    ],
)
def test_a_broken_folder_is_one_line(copied, spoil, says):
    spoil(copied)
    with pytest.raises(ModelError, match=says) as error:
        load(copied)
    assert '\n' not in str(error.value)


def test_an_opset_too_new(copied):
    import onnx

    from mmremax_runtime.model import sha256

    path = copied / 'model.onnx'
    model = onnx.load(path)
    model.opset_import[0].version = 99
    onnx.save(model, path)
    change_description(copied, onnx=dict(sha256=sha256(path)))
    with pytest.raises(ModelError, match='onnxruntime does not open') as error:
        load(copied)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(
    ('options', 'says'),
    [
        (dict(provider='tensorrt'), 'one of'),
        (dict(precision='int4'), 'one of'),
        (dict(precision='bfloat16'), "needs provider='openvino'"),
    ],
)
def test_options_that_do_not_exist(exported, options, says):
    with pytest.raises(ModelError, match=says):
        load(exported[0], **options)


@pytest.mark.parametrize('provider', ['onnxruntime', 'openvino'])
def test_a_missing_package(exported, provider, monkeypatch):
    monkeypatch.setitem(sys.modules, provider, None)
    with pytest.raises(ModelError, match=f'pip install {provider}'):
        load(exported[0], provider)


CODE = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in {'torch', 'mmengine', 'mmcv', 'mmdet', 'cv2',
                'scipy', 'pandas', 'matplotlib', 'mmremax', 'rich'}:
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
from mmremax_runtime.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_the_command_predicts_without_torch(exported, tmp_path):
    Image.new('RGB', (60, 40), 'red').save(tmp_path / 'red.png')
    command = ['predict', str(tmp_path / 'red.png'), str(exported[0])]
    run = subprocess.run(
        [sys.executable, '-c', CODE, *command, '--out', str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert (tmp_path / 'red_panoptic.png').is_file()


TWO_MODELS = """
import signal, subprocess, sys
from mmremax_runtime.model import load

# Python asks for a stack of its own for every handler; torch's data loader
# has one for children.
signal.signal(signal.SIGCHLD, lambda *_: None)
first, second = (load(sys.argv[1], 'openvino') for _ in range(2))
del first
del second
subprocess.run([sys.executable, '-c', ''])
"""


def test_signals_after_two_models_of_openvino(exported):
    command = [sys.executable, '-c', TWO_MODELS, str(exported[0])]
    assert subprocess.run(command, cwd=ROOT).returncode == 0
