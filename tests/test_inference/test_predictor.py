import json

import numpy as np
import pytest
import torch
from mmdet.apis import inference_detector
from PIL import Image
from safetensors import safe_open

from mmremax.inference import Predictor
from mmremax.utils.half_weights import NoConfigError
from mmremax_runtime import Segmentation, read_image
from tests.helpers.scripts import ROOT

MODEL = ROOT / 'demo' / 'nuclei' / 'model.safetensors'
IMAGES = sorted((ROOT / 'demo' / 'nuclei' / 'sample' / 'images').iterdir())


@pytest.fixture(scope='module')
def predictor() -> Predictor:
    return Predictor.from_pretrained(MODEL, device='cpu')


@pytest.mark.parametrize('path', IMAGES[1::3], ids=lambda path: path.stem)
def test_it_is_what_mmdet_predicts(predictor, path):
    sample = inference_detector(predictor.model, str(path))
    panoptic = sample.pred_panoptic_seg
    expected = Segmentation.from_mmdet(
        panoptic.sem_seg[0].numpy(), panoptic.segments, predictor.classes
    )
    result = predictor.predict(path)
    assert (result.ids == expected.ids).all()
    assert result.segments == expected.segments
    assert len(result.segments) > 10
    assert result.segments[0].category in ('nucleus', 'background')


def test_bfloat16_is_nearly_the_same(predictor):
    half = Predictor(predictor.model, 'bfloat16')
    logits, expected = (
        p.run_network([read_image(IMAGES[1])])[0] for p in (half, predictor)
    )
    for ours, exact in zip(logits, expected, strict=True):
        assert not torch.equal(ours.float(), exact)
        assert (ours - exact).abs().mean() < 0.1 * exact.abs().mean()
    found, whole = half.predict(IMAGES[1]), predictor.predict(IMAGES[1])
    maps = [r.semantic() for r in (found, whole)]
    assert 0.9 < (maps[0] == maps[1]).mean() < 1
    with pytest.raises(ValueError, match="precision='int8': it is one of"):
        Predictor(predictor.model, 'int8')


@pytest.mark.slow
def test_a_compiled_network_is_the_same(predictor, monkeypatch):
    """Traced as for the compiler, and run as it is."""
    compiled, real = [], torch.compile

    def trace(function):
        compiled.append(function)
        return real(function, backend='eager', fullgraph=True)

    monkeypatch.setattr(torch, 'compile', trace)
    fast = Predictor(predictor.model, compile=True)
    assert compiled == [predictor.model._forward]
    ids = fast.predict(IMAGES[1]).ids
    assert (ids == predictor.predict(IMAGES[1]).ids).all()
    torch._dynamo.reset()
    monkeypatch.setattr('mmremax.inference.predictor.KMaXFusionHead', str)
    with pytest.raises(ValueError, match='compile=True is for KMaXDeepLab'):
        Predictor(predictor.model, compile=True)


def test_path_array_and_pil_agree(predictor):
    rgb = np.asarray(Image.open(IMAGES[1]).convert('RGB'))
    expected = predictor.predict(IMAGES[1]).ids
    for result in (
        predictor.predict(str(IMAGES[1])),
        predictor.predict(rgb, channel_order='rgb'),
        predictor.predict(rgb[..., ::-1], channel_order='bgr'),
        predictor.predict(Image.fromarray(rgb)),
    ):
        assert (result.ids == expected).all()


def test_a_batch_is_its_images(predictor):
    """Also where their sizes differ: no image is padded to another's."""
    paths = [*IMAGES[1:3], IMAGES[1]]
    results = predictor.predict(paths, batch_size=3)
    for path, result in zip(paths, results, strict=True):
        expected = predictor.predict(path)
        assert result.source == str(path)
        assert (result.ids == expected.ids).mean() > 0.9999
        assert len(result.segments) == len(expected.segments)


def test_calls_change_neither_config_nor_weights(predictor):
    before = predictor.model.cfg.pretty_text
    weights = {k: v.clone() for k, v in predictor.model.state_dict().items()}
    predictor.predict(IMAGES[0])
    predictor.predict(np.zeros((40, 60), np.uint8))
    assert predictor.model.cfg.pretty_text == before
    for key, value in predictor.model.state_dict().items():
        assert torch.equal(value, weights[key]), key


def test_saved_and_loaded_is_bit_equal(predictor, tmp_path):
    folder = predictor.save_pretrained(tmp_path / 'model')
    again = Predictor.from_pretrained(folder, device='cpu')
    old, new = predictor.model.state_dict(), again.model.state_dict()
    assert old.keys() == new.keys()
    assert all(torch.equal(old[key], new[key]) for key in old)
    assert not any('semantic_head' in key for key in old)
    assert again.classes == predictor.classes
    assert (
        again.predict(IMAGES[2]).ids == predictor.predict(IMAGES[2]).ids
    ).all()
    alone = Predictor.from_pretrained(folder / 'model.safetensors')
    assert alone.classes == predictor.classes


def test_a_card_that_was_filled_in_stays(predictor, tmp_path):
    predictor.save_pretrained(tmp_path)
    card = tmp_path / 'README.md'
    assert 'nucleus' in card.read_text()
    card.write_text('filled in')
    predictor.save_pretrained(tmp_path)
    assert card.read_text() == 'filled in'


def test_no_local_path_is_saved(predictor, tmp_path):
    predictor.save_pretrained(tmp_path)
    with safe_open(tmp_path / 'model.safetensors', 'pt') as file:
        text = file.metadata()['meta']
    for written in (text, (tmp_path / 'config.json').read_text()):
        assert str(ROOT) not in written
        assert 'data_root' not in written


def test_a_saved_config_that_runs_code_is_refused(predictor, tmp_path):
    predictor.save_pretrained(tmp_path)
    path = tmp_path / 'config.json'
    config = json.loads(path.read_text())
    config['model']['backbone'] = dict(type='os.system', command='ls')
    path.write_text(json.dumps(config))
    with pytest.raises(NoConfigError, match='os.system'):
        Predictor.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ('source', 'checkpoint', 'says'),
    [
        ('missing', None, 'missing is no model'),
        ('missing.safetensors', None, 'missing.safetensors'),
        (ROOT / 'configs/quickstart/remax_mnv3-s_shapes.py', None, 'give a'),
        (ROOT / 'docs', None, 'docs lacks config.json'),
        ('missing.py', 'missing.pth', 'no config missing.py'),
    ],
)
def test_what_is_no_model(source, checkpoint, says):
    with pytest.raises((FileNotFoundError, ValueError), match=says):
        Predictor.from_pretrained(source, checkpoint)


def test_a_hub_id_is_fetched(predictor, tmp_path, monkeypatch):
    hub = pytest.importorskip('huggingface_hub')
    predictor.save_pretrained(tmp_path)
    asked = []

    def snapshot_download(name: str, **options: object) -> str:
        asked.append(name)
        return str(tmp_path)

    monkeypatch.setattr(hub, 'snapshot_download', snapshot_download)
    assert Predictor.from_pretrained('someone/nuclei').fusion is not None
    assert asked == ['someone/nuclei']


def test_a_hub_that_does_not_answer_is_one_line(monkeypatch):
    hub = pytest.importorskip('huggingface_hub')

    def snapshot_download(name: str, **options: object) -> str:
        raise OSError('no connection\nand a long story')

    monkeypatch.setattr(hub, 'snapshot_download', snapshot_download)
    with pytest.raises(FileNotFoundError, match='no connection$'):
        Predictor.from_pretrained('someone/nuclei')


def test_a_checkpoint_of_a_run_holds_its_config(weights, images):
    alone = Predictor.from_pretrained(weights, device='cpu')
    assert len(alone.predict(images[0]).segments) > 5


def test_options_change_the_merge():
    options = {'model.test_cfg.thing_threshold': 1.0}
    strict = Predictor.from_pretrained(MODEL, cfg_options=options)
    result = strict.predict(IMAGES[1])
    assert not any(segment.isthing for segment in result.segments)
