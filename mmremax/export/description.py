"""What model.json says: all that the runtime needs beside the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version

from mmdet.utils import get_test_pipeline_cfg
from torch import nn

from mmremax.inference import Predictor
from mmremax.kmax import KMaXDataPreprocessor, KMaXDeepLab
from mmremax_runtime.model import KIND, SCHEMA

from .tracing import STRIDE

LIBRARIES = ('torch', 'onnx', 'onnxscript', 'onnxruntime')


class ExportError(ValueError):
    """A model cannot be exported; the text says which and why."""


def describe(predictor: Predictor, mask_stride: int) -> dict:
    """Describe a model; the graph's part is added when it is written.

    Args:
        predictor: Of the model.
        mask_stride: Of its mask logits, in pixels.
    """
    model = predictor.model
    preprocessor = model.data_preprocessor
    return dict(
        schema=SCHEMA,
        kind=KIND,
        resize=_size_rule(get_test_pipeline_cfg(model.cfg)),
        pad=dict(crop_size=list(preprocessor.crop_size), stride=STRIDE),
        mean=preprocessor.mean.flatten().tolist(),
        std=preprocessor.std.flatten().tolist(),
        classes=predictor.classes.to_dict(),
        fusion=asdict(predictor.fusion),
        num_queries=model.panoptic_head.num_queries,
        mask_stride=mask_stride,
        made_by={name: version(name) for name in LIBRARIES},
    )


def check_exportable(model: nn.Module) -> None:
    """Refuse what the graph or the runtime has no counterpart of."""
    name = type(model).__name__
    if not isinstance(model, KMaXDeepLab):
        raise ExportError(
            f'{name} is not exported, only KMaXDeepLab is: the runtime has '
            f"no merge for {name}'s overlapping sigmoid masks."
        )
    if not isinstance(model.data_preprocessor, KMaXDataPreprocessor):
        raise ExportError(
            f'{name} with {type(model.data_preprocessor).__name__}: only '
            "KMaXDataPreprocessor's padding is exported."
        )
    if model.panoptic_head.num_queries < 3:
        raise ExportError('A model of fewer than 3 queries is not exported.')


def _size_rule(pipeline: list[Mapping]) -> dict:
    """Read the sizes of a test pipeline: load, resize, pack."""
    kinds = [step['type'] for step in pipeline]
    if kinds != ['LoadPanopticImage', 'ResizeShortestSide', kinds[-1]]:
        raise ExportError(
            f'The test pipeline is {", ".join(kinds)}; exported is '
            'LoadPanopticImage, ResizeShortestSide, PackPanopticInputs.'
        )
    step = pipeline[1]
    return dict(
        type='ResizeShortestSide',
        short_side=step['short_side'],
        long_side=step['long_side'],
    )
