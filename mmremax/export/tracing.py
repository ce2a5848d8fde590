"""Traces a detector into an ONNX graph of dynamic batch and size."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import onnx
import torch
from torch import nn
from torch.export import Dim

from mmremax_runtime.geometry import resize_blocks

from .graph import INPUTS, OUTPUTS, KMaXGraph
from .loops import scans_to_loops
from .parity_resize import parity_resize
from .same_padding import fixed_same_padding

STRIDE = 32  # of the deepest feature

DYNAMIC = dict(
    image=(0, 2, 3),
    row_index=(0, 1),
    row_weight=(0, 1, 2),
    col_index=(0, 1),
    col_weight=(0, 1, 2),
    pixel_threshold=(),
    class_logits=(0,),
    codes=(0, 1, 2),
    prob_sum=(0,),
    mask_logits=(0, 2, 3),
)
"""Axes without a fixed length."""


class FixedGraphError(RuntimeError):
    """A traced graph has a fixed length where it must have none."""


def trace(detector: nn.Module) -> onnx.ModelProto:
    """Trace network and pass over the pixels; any batch, height and width.

    Sides stay 0 or 1 mod 32, as the preprocessor's crop size is: that
    decides how all features but the deepest are resized.
    """
    example = example_inputs(detector)
    axes = {
        name: {axis: Dim.DYNAMIC for axis in DYNAMIC[name]} for name in INPUTS
    }
    graph = KMaXGraph(detector).eval()
    remainders = side_remainders(detector)
    with (
        torch.no_grad(),
        _quiet(),
        fixed_same_padding(graph, remainders),
        parity_resize(graph),
    ):
        program = torch.onnx.export(
            graph,
            tuple(example[name] for name in INPUTS),
            input_names=INPUTS,
            output_names=OUTPUTS,
            dynamic_shapes=axes,
            dynamo=True,
            verbose=False,
        )
    model = program.model_proto
    scans_to_loops(model)
    onnx.checker.check_model(model)
    check_dynamic(model)
    return model


def example_inputs(detector: nn.Module) -> dict[str, torch.Tensor]:
    """Make small inputs of two images."""
    remainders = side_remainders(detector)
    sides, outputs = np.add(remainders, (96, 128)), (50, 70)
    stride = mask_stride(detector)
    inputs = dict(
        image=torch.zeros(2, 3, *sides), pixel_threshold=torch.tensor(0.4)
    )
    for side, output, name in zip(sides, outputs, ('row', 'col'), strict=True):
        side = int(side)
        index, weight = resize_blocks(
            -(-side // stride), side, side, output, bool(remainders[1]), 8
        )
        inputs[f'{name}_index'] = torch.from_numpy(index)
        inputs[f'{name}_weight'] = torch.from_numpy(weight)
    return inputs


def side_remainders(detector: nn.Module) -> tuple[int, int]:
    """Tell whether padded heights and widths are 0 or 1 mod 32."""
    height, width = detector.data_preprocessor.crop_size
    return height % STRIDE, width % STRIDE


def mask_stride(detector: nn.Module) -> int:
    """Find the stride of the mask logits, in pixels."""
    height, width = np.add(side_remainders(detector), 64)
    with torch.no_grad():
        masks = detector._forward(torch.zeros(1, 3, height, width))[1]
    return round(width / masks.shape[-1])


def check_dynamic(model: onnx.ModelProto) -> None:
    """Make sure that the axes of DYNAMIC, and no others, are symbolic.

    torch's exporter can fix them and say nothing.
    """
    for value in [*model.graph.input, *model.graph.output]:
        lengths = value.type.tensor_type.shape.dim
        fixed = [
            axis
            for axis in DYNAMIC[value.name]
            if lengths[axis].HasField('dim_value')
        ]
        if fixed or len(lengths) <= max(DYNAMIC[value.name], default=-1):
            raise FixedGraphError(
                f'{value.name} of the graph has fixed axes {fixed}: torch '
                f'{torch.__version__} did not keep them dynamic.'
            )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's warnings of its own internals from the user."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield
    finally:
        logging.disable(before)
