import shutil
from pathlib import Path
from unittest import mock

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mmremax.commands import export as command
from mmremax.export.check import check_images
from mmremax.export.precision import Quantise, store_float16
from mmremax.export.scoring import mmdet_ids, open_data, score
from mmremax.inference import Predictor
from mmremax_runtime import Segment, Segmentation
from mmremax_runtime.merge import INSTANCE_OFFSET
from mmremax_runtime.model import Model, load, read_description
from mmremax_runtime.sessions import NETWORK, open_session

ROOT = Path(__file__).parents[2]


def errors(folder, path) -> list[float]:
    """Compare the logits of a graph with those of float32."""
    model = load(folder, threads=1)
    rng = np.random.default_rng(0)
    feed = model.feed([rng.integers(0, 256, (40, 50, 3), np.uint8)])
    expected = model.session.run(feed, NETWORK)
    changed = Model(read_description(folder), open_session(path, threads=1))
    found = changed.session.run(feed, NETWORK)
    return [
        float(np.abs(f - e).max() / np.abs(e).max())
        for f, e in zip(found, expected, strict=True)
    ]


def test_float16_is_for_the_weights_alone(tmp_path):
    """Numbers of queries and their squares do not fit into float16."""
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(16, 300)).astype(np.float32)
    numbers = np.arange(300, dtype=np.float32)
    numbers = np.stack([numbers, numbers**2], 1)
    nodes = [
        helper.make_node('MatMul', ['x', 'detector.weight'], ['hidden']),
        helper.make_node('Identity', ['stack'], ['numbers']),
    ]
    outputs = [('hidden', [1, 300]), ('numbers', [300, 2])]
    graph = helper.make_graph(
        nodes,
        'graph',
        [helper.make_tensor_value_info('x', TensorProto.FLOAT, [1, 16])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in outputs
        ],
        [
            numpy_helper.from_array(weight, 'detector.weight'),
            numpy_helper.from_array(numbers, 'stack'),
        ],
    )
    path = tmp_path / 'model.onnx'
    opset = helper.make_opsetid('', 20)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=9)
    onnx.save(model, path)
    store_float16(path, None)
    x = np.ones((1, 16), np.float32)
    session = open_session(path, threads=1)
    hidden, found = session.run(dict(x=x), ('hidden', 'numbers'))
    assert 0 < np.abs(hidden - x @ weight).max() < 0.02
    assert (found == numbers).all()
    kinds = {w.name: w.data_type for w in onnx.load(path).graph.initializer}
    assert kinds['detector.weight_16'] == TensorProto.FLOAT16


def test_int8_convolutions(exported, tmp_path):
    folder, predictor, _ = exported
    path = tmp_path / 'model.onnx'
    shutil.copy(folder / 'model.onnx', path)
    images = check_images(predictor.model)
    Quantise(images)(path, load(folder, threads=1))
    graph = onnx.load(path).graph
    kinds = {w.name: w.data_type for w in graph.initializer}
    stored = [
        kinds.get(n.input[0]) for n in graph.node if 'Dequant' in n.op_type
    ]
    convolutions = [n for n in graph.node if n.op_type == 'Conv']
    assert stored.count(TensorProto.INT8) == len(convolutions) > 10
    assert all(0 < error < 0.5 for error in errors(folder, path))


def test_a_map_as_mmdet_has_it(exported):
    image = np.zeros((40, 50, 3), np.uint8)
    found = exported[1].segment([image])[0]
    ids = mmdet_ids(found)
    labels = ids % INSTANCE_OFFSET
    assert (labels == found.semantic()).all()
    things = [s for s in found.segments if s.isthing]
    assert len(np.unique(ids[ids >= INSTANCE_OFFSET])) == len(things)


@pytest.mark.parametrize(('after', 'warns'), [(48.9, True), (49.1, False)])
def test_a_loss_of_quality_is_said(after, warns, monkeypatch, capsys):
    scores = iter([dict(PQ=50.0), dict(PQ=after)])
    monkeypatch.setattr(
        'mmremax.export.scoring.score', lambda *_: next(scores)
    )
    monkeypatch.setattr('mmremax_runtime.model.load', lambda _: None)
    args = type('Args', (), dict(precision='int8', data_root='x', out='y'))
    command._score(args, mock.MagicMock(), [0] * 7)
    said = capsys.readouterr().out
    assert f'50.00 float32, {after:.2f} int8' in said
    assert ('WARNING: int8 loses 1.10 PQ on 7 images' in said) is warns


def test_scores_of_a_data_set():
    """All background: RQ 100 of stuff, and none of the nuclei is found."""
    nuclei = ROOT / 'demo/nuclei'
    predictor = Predictor.from_pretrained(nuclei / 'model.safetensors')
    cfg = predictor.model.cfg.test_dataloader.dataset
    cfg.data_prefix = dict(img='', seg='panoptic_val/')
    cfg.indices = 2
    data = open_data(
        predictor.model.cfg, 'test_dataloader', str(nuclei / 'sample')
    )
    (background,) = (
        i for i, name in enumerate(predictor.classes.names) if 'back' in name
    )

    def all_background(image):
        segment = Segment(1, background, 'background', False, 1, 1, None)
        ids = np.ones(image.shape[:2], np.int32)
        return Segmentation(ids, [segment], predictor.classes)

    found = score(all_background, data)
    assert (found['PQ_th'], found['RQ_st']) == (0, 100)
    assert 50 < found['PQ_st'] < 100
    assert found['PQ'] == found['PQ_st'] / 2
