import json

import numpy as np
import onnx
import pytest
import torch

from mmremax.export import ExportError, export_model
from mmremax.export.check import check_images, different_pixels
from mmremax.export.exporter import check_folder
from mmremax.export.tracing import DYNAMIC, FixedGraphError, check_dynamic
from mmremax_runtime.files import WriteError
from mmremax_runtime.model import load
from mmremax_runtime.sessions import NETWORK


def test_graph_has_dynamic_axes_and_no_scan(exported):
    graph = onnx.load(exported[0] / 'model.onnx').graph
    for value in [*graph.input, *graph.output]:
        lengths = value.type.tensor_type.shape.dim
        symbols = [i for i, d in enumerate(lengths) if d.dim_param]
        assert symbols == list(DYNAMIC[value.name]), value.name
    kinds = {node.op_type for node in graph.node}
    assert 'Loop' in kinds
    assert 'Scan' not in kinds
    graph.input[0].type.tensor_type.shape.dim[2].dim_value = 65
    with pytest.raises(FixedGraphError, match=r'image .* fixed axes \[2\]'):
        check_dynamic(onnx.helper.make_model(graph))


def test_check_saw_segments(exported):
    _, predictor, check = exported
    assert check.is_equal
    assert check.segments > 3
    sizes = {image.shape for image in check_images(predictor.model)}
    assert len(sizes) == 3


@pytest.mark.parametrize('width', [65, 97])
def test_widths_of_either_parity(exported, width, monkeypatch):
    """3 and 4 at stride 32: the pixel decoder aligns corners or does not."""
    folder, predictor, _ = exported
    model = load(folder, threads=1)
    monkeypatch.setattr(model, '_shapes', lambda size: (size,) * 3)
    rng = np.random.default_rng(0)
    feed = model.feed([rng.integers(0, 256, (65, width, 3), np.uint8)])
    with torch.no_grad():
        expected = predictor.model._forward(torch.from_numpy(feed['image']))
    found = model.session.run(feed, NETWORK)
    for ours, theirs in zip(expected, found, strict=True):
        torch.testing.assert_close(
            torch.from_numpy(theirs), ours, rtol=1e-3, atol=1e-3
        )


@pytest.mark.parametrize('provider', ['onnxruntime', 'openvino'])
def test_batch_is_the_predictor_s(exported, provider):
    folder, predictor, _ = exported
    model = load(folder, provider, threads=1)
    rng = np.random.default_rng(1)
    image = np.repeat(
        np.repeat(rng.integers(0, 256, (5, 7, 3), np.uint8), 11, 0), 12, 1
    )
    images = [image, image[::-1].copy()]
    pairs = zip(predictor.segment(images), model.segment(images), strict=True)
    for ours, theirs in pairs:
        assert different_pixels(ours, theirs) == 0
        assert len(ours.segments) > 1
        for one, other in zip(ours.segments, theirs.segments, strict=True):
            assert one.score == pytest.approx(other.score, rel=1e-4)
            assert (one.box, one.area) == (other.box, other.area)


def test_a_graph_that_differs_is_not_written(exported, tmp_path, monkeypatch):
    _, predictor, _ = exported
    exported_graph = onnx.load(exported[0] / 'model.onnx')
    weight = max(
        exported_graph.graph.initializer, key=lambda w: len(w.raw_data)
    )
    weight.raw_data = bytes(len(weight.raw_data))
    monkeypatch.setattr(
        'mmremax.export.exporter.trace', lambda _: exported_graph
    )
    with pytest.raises(ExportError, match='differs from the detector'):
        export_model(predictor, tmp_path, check_images(predictor.model))
    assert list(tmp_path.iterdir()) == []


def test_folders_that_are_refused(exported, tmp_path):
    with pytest.raises(ExportError, match='holds an exported model'):
        check_folder(exported[0], overwrite=False)
    check_folder(exported[0], overwrite=True)
    (tmp_path / 'file').write_text('')
    with pytest.raises(WriteError, match='cannot be made'):
        check_folder(tmp_path / 'file', overwrite=False)


def test_other_models_are_refused(exported):
    _, predictor, _ = exported
    pipeline = predictor.model.cfg.test_dataloader.dataset.pipeline
    resize = pipeline[1]['type']
    pipeline[1]['type'] = 'Resize'
    with pytest.raises(ExportError, match='LoadPanopticImage, Resize, Pack'):
        export_model(predictor, 'nowhere', [])
    pipeline[1]['type'] = resize
    predictor = type(predictor).__new__(type(predictor))
    predictor.model = torch.nn.Identity()
    with pytest.raises(ExportError, match='Identity is not exported'):
        export_model(predictor, 'nowhere', [])


def test_description_is_complete(exported):
    description = json.loads((exported[0] / 'model.json').read_text())
    assert description['resize'] == dict(
        type='ResizeShortestSide', short_side=50, long_side=65
    )
    assert description['pad'] == dict(crop_size=[65, 65], stride=32)
    assert description['mask_stride'] == 4
    assert description['num_queries'] == 12
    assert description['onnx']['precision'] == 'float32'
    assert set(description['made_by']) >= {'torch', 'onnx'}
