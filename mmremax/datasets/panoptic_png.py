"""Segment ids in images: the colour code of COCO panoptic files."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from mmengine import fileio
from PIL import Image

from mmremax_runtime.images import UNREADABLE, decode_image, unreadable


def colours_to_ids(colours: np.ndarray) -> np.ndarray:
    """Decode RGB, id = R + 256 G + 65536 B. (H, W, 3) -> (H, W), int32."""
    four_bytes = cv2.cvtColor(colours, cv2.COLOR_RGB2RGBA)  # A is 255
    return four_bytes.view('<i4')[..., 0] & 0xFFFFFF


def replace_ids(
    id_map: np.ndarray, numbers_of: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Replace every id by a number.

    Looks at runs of equal pixels, not at pixels: several times as fast as
    sorting or searching a whole map.

    `numbers_of` gives the numbers of the ids that occur, which come sorted,
    (N,) -> (N,).
    """
    flat = id_map.ravel()
    is_start = np.ones(flat.size, bool)
    np.not_equal(flat[1:], flat[:-1], out=is_start[1:])
    starts = np.flatnonzero(is_start)
    ids, place = np.unique(flat[starts], return_inverse=True)
    lengths = np.diff(starts, append=flat.size)
    return np.repeat(numbers_of(ids)[place], lengths).reshape(id_map.shape)


def map_ids(
    id_map: np.ndarray, numbers: dict[int, int], missing: int, dtype: type
) -> np.ndarray:
    """Replace ids by their numbers, or by `missing`. (H, W), `dtype`."""

    def numbers_of(ids: np.ndarray) -> np.ndarray:
        return np.array([numbers.get(i, missing) for i in ids.tolist()], dtype)

    return replace_ids(id_map, numbers_of)


def read_ids(
    path: str | Path, remedy: str, backend_args: dict | None = None
) -> np.ndarray:
    """Read segment ids, 0 is void; see ``read_rgb``. (H, W), int32."""
    return colours_to_ids(read_rgb(str(path), remedy, backend_args))


def read_rgb(
    path: str, remedy: str, backend_args: dict | None = None
) -> np.ndarray:
    """Read an image file.

    Args:
        path: File, or an address that mmengine's file backends know.
        remedy: What to do if the file is missing, for the error message.

    Returns:
        RGB, uint8, turned as its EXIF entry says, transparency left out.
        (H, W, 3).

    Raises:
        FileNotFoundError: There is no such file.
        ImageError: See ``mmremax_runtime.images.read_image``.
    """
    return decode_image(_content(path, remedy, backend_args), path)


def read_labels(
    path: str, remedy: str, backend_args: dict | None = None
) -> np.ndarray:
    """Read a label map of one channel, of 8 or 16 bits; see ``read_rgb``.

    Values as stored; of a palette image, its indices. (H, W).
    """
    with _opened(path, remedy, backend_args) as image:
        values = np.array(image)
    if values.ndim != 2:
        raise ValueError(
            f'{path} has the shape {values.shape}: a label map has one '
            'channel.'
        )
    return values


def read_size(path: str | Path) -> tuple[int, int]:
    """Read height and width of an image from its header.

    See ``read_rgb`` for what it raises.
    """
    with _opened(str(path), 'it was listed before.', None) as image:
        return image.height, image.width


@contextmanager
def _opened(
    path: str, remedy: str, backend_args: dict | None
) -> Iterator[Image.Image]:
    """Open an image file; see ``read_rgb`` for what it raises."""
    content = _content(path, remedy, backend_args)
    try:
        with Image.open(io.BytesIO(content)) as image:
            yield image
    except UNREADABLE as error:
        raise unreadable(path, error) from error


def _content(path: str, remedy: str, backend_args: dict | None) -> bytes:
    """Fetch a file's content; see ``read_rgb`` for what it raises."""
    try:
        return fileio.get(path, backend_args=backend_args)
    except FileNotFoundError as error:
        raise FileNotFoundError(f'{path} does not exist: {remedy}') from error
