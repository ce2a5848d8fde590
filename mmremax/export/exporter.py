"""Exports a detector, checks the file, and only then puts it in place."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx

from mmremax.inference import Predictor
from mmremax_runtime.files import write_files
from mmremax_runtime.model import DESCRIPTION, GRAPH, Model, sha256
from mmremax_runtime.sessions import open_session

from .check import Check, check_images, compare
from .description import ExportError, check_exportable, describe
from .tracing import mask_stride, trace

Convert = Callable[[Path, Model], None]
"""Rewrites a float32 graph in place; gets its path and the model of it."""


def export_model(
    predictor: Predictor,
    folder: str | Path,
    images: Sequence[np.ndarray] | None = None,
    precision: str = 'float32',
    convert: Convert | None = None,
    overwrite: bool = False,
) -> Check:
    """Write model.onnx and model.json to a folder.

    Args:
        predictor: On the CPU.
        folder: Made if it is missing.
        images: RGB, uint8, (H, W, 3), of several sizes: on them the graph
            must do what the predictor does, before it is converted. None
            makes pictures.
        precision: Name of what `convert` makes.
        convert: To a smaller precision; None keeps float32.
        overwrite: Whether the folder may hold an exported model.

    Returns:
        What the comparison found.

    Raises:
        ExportError: The model cannot be exported, the folder holds one, or
            the graph does something else. Nothing is written then.
        WriteError: The folder cannot be written.
    """
    folder = Path(folder)
    check_exportable(predictor.model)
    description = describe(predictor, mask_stride(predictor.model))
    check_folder(folder, overwrite)
    graph = trace(predictor.model)
    with write_files(folder / GRAPH, folder / DESCRIPTION) as files:
        onnx.save(graph, files[0])
        model = Model(description, open_session(files[0]))
        if images is None:
            images = check_images(predictor.model)
        check = compare(predictor, model, images)
        if not check.is_equal:
            raise ExportError(
                f'The graph differs from the detector, {check}: nothing was '
                'written.'
            )
        if convert is not None:
            convert(files[0], model)
        description['onnx'] = dict(
            sha256=sha256(files[0]),
            bytes=files[0].stat().st_size,
            opset=graph.opset_import[0].version,
            precision=precision,
        )
        files[1].write_text(json.dumps(description, indent=1))
    return check


def check_folder(folder: Path, overwrite: bool) -> None:
    """Refuse a folder that cannot be written, or holds a model already."""
    if (folder / DESCRIPTION).exists() and not overwrite:
        raise ExportError(
            f'{folder} holds an exported model: give another folder, or '
            '--overwrite.'
        )
    try:
        with write_files(folder / DESCRIPTION):
            raise _Tried
    except _Tried:
        return


class _Tried(Exception):  # noqa: N818 (no error)
    """Leaves nothing behind a trial."""
