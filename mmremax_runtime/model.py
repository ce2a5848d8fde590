"""An exported model: a folder with model.onnx and model.json."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from .classes import Classes, ClassesError
from .evidence import Evidence
from .geometry import (
    Shape,
    crop_shape,
    padded_side,
    resize_blocks,
    resized_shape,
)
from .merge import FusionConfig
from .segmenter import Segmenter
from .sessions import ModelError, Session, open_session

GRAPH, DESCRIPTION = 'model.onnx', 'model.json'
SCHEMA = 1
KIND = 'kmax'
# Probabilities of a strip of rows, which stay in the caches, and columns of a
# block; measured in docs/performance.md.
STRIP_NUMEL = 2**19
COLUMN_BLOCK = 64


class Model(Segmenter):
    """Segments images with an exported graph; see `Segmenter.predict`.

    Args:
        description: The content of model.json.
        session: Of its graph.

    Raises:
        ModelError: The description lacks something.
    """

    def __init__(self, description: dict, session: Session) -> None:
        self.session = session
        try:
            self.classes = Classes.from_dict(description['classes'])
            self.fusion = FusionConfig.from_test_cfg(description['fusion'])
            self._limits = (
                int(description['resize']['short_side']),
                int(description['resize']['long_side']),
            )
            self._crop_size = tuple(map(int, description['pad']['crop_size']))
            self._stride = int(description['pad']['stride'])
            self._num_queries = int(description['num_queries'])
            self._mask_stride = int(description['mask_stride'])
            self._mean = np.array(description['mean'], np.float32).reshape(3)
            self._std = np.array(description['std'], np.float32).reshape(3)
        except (KeyError, TypeError, ValueError, ClassesError) as error:
            raise ModelError(
                f'{DESCRIPTION} does not describe a model: {error!r}.'
            ) from None

    def look(self, images: Sequence[np.ndarray]) -> list[Evidence]:
        """Run the network on images of one size, RGB uint8 (H, W, 3)."""
        size = images[0].shape[:2]
        _, _, crop = self._shapes(size)
        found = self.session.run(
            self.feed(images), ('class_logits', 'codes', 'prob_sum')
        )
        return [
            Evidence(
                class_prob=_softmax(logits)[:, :-1],
                codes=codes[: size[0], : size[1]],
                prob_sum=prob_sum,
                scale=(crop[0] * crop[1]) / (size[0] * size[1]),
            )
            for logits, codes, prob_sum in zip(*found, strict=True)
        ]

    def feed(self, images: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Make the graph's inputs of images of one size; see `look`."""
        size = images[0].shape[:2]
        resized, padded, crop = self._shapes(size)
        block = max(1, STRIP_NUMEL // (size[1] * self._num_queries))
        inputs = dict(
            image=self._normalise(images, resized, padded),
            pixel_threshold=np.array(self.fusion.pixel_threshold, np.float32),
        )
        blocks = (min(block, size[0]), min(COLUMN_BLOCK, size[1]))
        for axis, name in enumerate(('row', 'col')):
            index, weight = resize_blocks(
                -(-padded[axis] // self._mask_stride),
                padded[axis],
                crop[axis],
                size[axis],
                padded[1] % 2 == 1,
                blocks[axis],
            )
            inputs |= {f'{name}_index': index, f'{name}_weight': weight}
        return inputs

    def _shapes(self, size: Shape) -> tuple[Shape, Shape, Shape]:
        """Compute the resized, the padded and the cropped image's size."""
        resized = resized_shape(*size, *self._limits)
        padded = tuple(
            padded_side(side, crop, self._stride)
            for side, crop in zip(resized, self._crop_size, strict=True)
        )
        return resized, padded, crop_shape(resized, padded, size)

    def _normalise(
        self,
        images: Sequence[np.ndarray],
        resized: Shape,
        padded: Shape,
    ) -> np.ndarray:
        """Resize, normalise and pad the images. (B, 3, H, W), float32."""
        batch = np.zeros((len(images), *padded, 3), np.float32)
        for slot, image in zip(batch, images, strict=True):
            small = Image.fromarray(image).resize(
                resized[::-1], Image.Resampling.BILINEAR
            )
            part = slot[: resized[0], : resized[1]]
            part[...] = (np.asarray(small) - self._mean) / self._std
        return np.ascontiguousarray(batch.transpose(0, 3, 1, 2))


def load(
    folder: str | Path,
    provider: str = 'onnxruntime',
    precision: str = 'float32',
    threads: int | None = None,
) -> Model:
    """Load an exported model.

    Args:
        folder: With model.onnx and model.json.
        provider: `onnxruntime` or `openvino`.
        precision: `float32`, or with OpenVINO `bfloat16`.
        threads: Of the network; None takes all cores.

    Raises:
        ModelError: It cannot be used; one line says why.
    """
    folder = Path(folder)
    description = read_description(folder)
    session = open_session(folder / GRAPH, provider, precision, threads)
    return Model(description, session)


def read_description(folder: Path) -> dict:
    """Read model.json, and check that model.onnx belongs to it."""
    path = folder / DESCRIPTION
    try:
        description = json.loads(path.read_text(encoding='utf-8'))
        schema, kind = description['schema'], description['kind']
        expected = description['onnx']['sha256']
    except OSError as error:
        raise ModelError(f'{path}: {error.strerror or error}.') from None
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f'{path} is no description of a model: {error!r}.'
        ) from None
    if schema != SCHEMA or kind != KIND:
        raise ModelError(
            f'{path} has schema {schema} and kind {kind!r}; this version '
            f'reads schema {SCHEMA} and kind {KIND!r}: update mmremax, or '
            'export the model again.'
        )
    try:
        found = sha256(folder / GRAPH)
    except OSError as error:
        raise ModelError(
            f'{folder / GRAPH}: {error.strerror or error}.'
        ) from None
    if found != expected:
        raise ModelError(
            f'{path} is of another {GRAPH} than the one beside it (sha256 '
            f'{expected[:12]}, found {found[:12]}): copy both files of one '
            'export.'
        )
    return description


def sha256(path: Path) -> str:
    """Compute the checksum of a file."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while part := file.read(2**20):
            digest.update(part)
    return digest.hexdigest()


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Turn logits into probabilities along the last axis."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)
