"""Smaller graphs: weights in float16, convolutions in int8."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mmremax_runtime.model import Model

MIN_NUMEL = 64  # of what is worth a Cast
PARAMETERS = 'detector.'  # other constants are numbers of queries, of pixels


def store_float16(path: Path, _: Model) -> None:
    """Keep the weights as float16, half the size; it computes in float32.

    Norms' vectors stay, as in `mmremax.utils.half_weights`.
    """
    graph = (model := onnx.load(path)).graph
    casts = []
    for weight in graph.initializer:
        if not weight.name.startswith(PARAMETERS) or len(weight.dims) < 2:
            continue
        if weight.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(weight)
        if values.size < MIN_NUMEL or np.abs(values).max() > 65504:
            continue
        name = weight.name
        half = numpy_helper.from_array(values.astype(np.float16), f'{name}_16')
        weight.CopyFrom(half)
        casts.append(
            helper.make_node('Cast', [half.name], [name], to=TensorProto.FLOAT)
        )
    nodes = [*casts, *graph.node]
    graph.ClearField('node')
    graph.node.extend(nodes)
    onnx.save(model, path)


class Quantise:
    """Computes the convolutions in int8; the rest stays float32.

    Static: ranges of the activations are those seen on pictures. Weights
    have a scale for each output channel.

    Args:
        images: To calibrate on, of training: RGB, uint8, (H, W, 3).
    """

    def __init__(self, images: Sequence[np.ndarray]) -> None:
        self.images = images

    def __call__(self, path: Path, model: Model) -> None:
        """Rewrite a float32 graph in place."""
        from onnxruntime.quantization import (
            CalibrationMethod,
            QuantFormat,
            QuantType,
            quantize_static,
        )

        feeds = _Feeds(model.feed([image]) for image in self.images)
        before = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            with tempfile.TemporaryDirectory() as folder:
                target = Path(folder) / path.name
                quantize_static(
                    path,
                    target,
                    feeds,
                    quant_format=QuantFormat.QDQ,
                    op_types_to_quantize=['Conv'],
                    per_channel=True,
                    activation_type=QuantType.QUInt8,
                    weight_type=QuantType.QInt8,
                    calibrate_method=CalibrationMethod.MinMax,
                )
                path.write_bytes(target.read_bytes())
        finally:
            logging.disable(before)


class _Feeds:
    """What ONNX Runtime's calibration reads."""

    def __init__(self, feeds: Iterator[dict[str, np.ndarray]]) -> None:
        self._feeds = iter(feeds)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Give the next inputs, None after the last."""
        return next(self._feeds, None)
