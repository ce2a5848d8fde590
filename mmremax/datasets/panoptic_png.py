"""Segment ids in images: the colour code of COCO panoptic files."""

from collections.abc import Callable
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from mmengine import fileio

from mmremax.utils.constants import VOID_ID
from mmremax_runtime.images import (
    MAX_PIXELS,
    ORIENTATION,
    UPRIGHT,
    ImageError,
    decode_image,
    open_image,
)

LABEL_MODES = {8: ('L', 'P'), 16: ('L', 'P', 'I', 'I;16', 'I;16B')}
_SIDEWAYS = (5, 6, 7, 8)  # values of the EXIF orientation


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


def ids_of(id_map: np.ndarray) -> np.ndarray:
    """Find the ids that occur, sorted, by runs as `replace_ids`. (N,)."""
    flat = id_map.ravel()
    is_end = flat[1:] != flat[:-1]
    return np.unique(np.append(flat[:-1][is_end], flat[-1:]))


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
    """Read segment ids, 0 is void; see ``read_rgb``. (H, W), int32.

    Also an ImageError: the pixels are no colours of ids.
    """
    content = _content(str(path), remedy, backend_args)
    check_format(content, str(path))
    return colours_to_ids(decode_image(content, str(path)))


def read_segments(
    path: str | Path,
    remedy: str,
    shape: tuple[int, int],
    segments: list[dict],
    backend_args: dict | None = None,
) -> tuple[np.ndarray, list[dict]]:
    """Read the map of an image's segments, or refuse it.

    The one place that decides whether an annotation PNG may be used: data
    set, metrics, converters and check call it.

    Args:
        path: The PNG.
        remedy: What to do if it is missing, for the error message.
        shape: Height and width of its image.
        segments: Its `segments_info`; `id` is read.

    Returns:
        Map of ids that are the places in the list, from 1, 0 is void, (H, W)
        int32; and the list with these ids.

    Raises:
        FileNotFoundError: There is no such file.
        ImageError: It cannot be read, holds no colours of ids, has another
            size than the image, or pixels of segments that are not listed.
    """
    content = check_map(path, remedy, shape, backend_args)
    id_map = colours_to_ids(decode_image(content, str(path)))
    check_shape(path, id_map.shape, shape)  # its EXIF entry may turn it
    places = {s['id']: place for place, s in enumerate(segments, start=1)}
    places[VOID_ID] = 0

    def places_of(ids: np.ndarray) -> np.ndarray:
        unlisted = [i for i in ids.tolist() if i not in places]
        if unlisted:
            raise ImageError(
                f'{path} has pixels of segment id {unlisted[0]}, which '
                '"segments_info" of its json lacks ('
                f'{len(unlisted)} such ids): PNGs and json are of different '
                'versions.'
            )
        return np.array([places[i] for i in ids.tolist()], np.int32)

    table = [dict(s, id=place) for place, s in enumerate(segments, start=1)]
    return replace_ids(id_map, places_of), table


def check_map(
    path: str | Path,
    remedy: str,
    shape: tuple[int, int],
    backend_args: dict | None = None,
) -> bytes:
    """Check the header of an annotation PNG; see ``read_segments``.

    Returns:
        Content of the file.
    """
    content = _content(str(path), remedy, backend_args)
    check_shape(path, check_format(content, str(path)), shape)
    return content


def check_shape(
    path: str | Path, found: tuple[int, int], shape: tuple[int, int]
) -> None:
    """Raise an ImageError unless a map has the size of its image."""
    if tuple(found) != tuple(shape):
        raise ImageError(
            f'{path} has the size {tuple(found)}, its image {tuple(shape)}: '
            'they do not belong together.'
        )


def check_format(content: bytes, name: str) -> tuple[int, int]:
    """Raise an ImageError unless a file holds three channels of 8 bits.

    Looks at the header alone. Pillow would make three of one, or 8 bits of
    16, without a word.

    Args:
        content: Of the file, or its begin.
        name: For the error message.

    Returns:
        Height and width.
    """
    with open_image(content, name) as image:
        found = f'the mode {image.mode}'
        if image.format == 'JPEG':
            found = "a JPEG's rounded colours"
        elif image.format == 'PNG' and content[24] == 16:  # of the header
            found = '16 bits a channel'
        elif image.mode in ('RGB', 'RGBA'):
            return image.height, image.width
    raise ImageError(
        f'{name} has {found}: panoptic PNGs have three channels of 8 bits '
        '(mode RGB), id = R + 256 G + 65536 B. Check data_prefix["seg"], or '
        'write the PNGs again.'
    )


def png_name(file_name: str) -> str:
    """Name the PNG of an image, in the same sub-folder."""
    return PurePosixPath(file_name).with_suffix('.png').as_posix()


def read_rgb(
    path: str,
    remedy: str,
    backend_args: dict | None = None,
    max_pixels: int = MAX_PIXELS,
) -> np.ndarray:
    """Read an image file.

    Args:
        path: File, or an address that mmengine's file backends know.
        remedy: What to do if the file is missing, for the error message.
        max_pixels: A larger one is refused before it is decoded.

    Returns:
        RGB, uint8, turned as its EXIF entry says, transparency left out.
        (H, W, 3).

    Raises:
        FileNotFoundError: There is no such file.
        ImageError: See ``mmremax_runtime.images.read_image``.
    """
    content = _content(path, remedy, backend_args)
    return decode_image(content, path, max_pixels)


def read_labels(
    path: str, remedy: str, backend_args: dict | None = None
) -> np.ndarray:
    """Read a label map of one channel, of 8 or 16 bits; see ``read_rgb``.

    Values as stored; of a palette image, its indices. (H, W).
    """
    content = _content(path, remedy, backend_args)
    check_label_format(content, path)
    with open_image(content, path) as image:
        return np.array(image)


def check_labels(
    path: str,
    remedy: str,
    shape: tuple[int, int] | None,
    backend_args: dict | None = None,
    bits: int = 16,
) -> None:
    """Check the header of a label map of an image; see ``read_labels``."""
    content = _content(path, remedy, backend_args)
    found = check_label_format(content, path, bits)
    check_shape(path, found, shape or found)


def check_label_format(
    content: bytes, name: str, bits: int = 16
) -> tuple[int, int]:
    """Raise an ImageError unless a file holds one channel of whole numbers.

    Looks at the header; see ``check_format``. Pillow scales grey of less
    than 8 bits.

    Args:
        content: Of the file.
        name: For the error message.
        bits: Of a pixel, at most: 8 or 16.
    """
    with open_image(content, name) as image:
        found = f'the mode {image.mode}'
        if image.format == 'JPEG':
            found = "a JPEG's rounded values"
        elif image.format == 'PNG' and content[25] == 0 and content[24] < 8:
            found = f'{content[24]} bits a pixel'
        elif image.mode in LABEL_MODES[bits]:
            return image.height, image.width
    raise ImageError(
        f'{name} has {found}: a label map has one channel (mode '
        f'{" or ".join(LABEL_MODES[bits])}) whose values are classes.'
    )


def read_size(path: str | Path) -> tuple[int, int]:
    """Read height and width of an image, as its EXIF entry turns it.

    From its header; see ``read_rgb`` for what it raises.
    """
    content = _content(str(path), 'it is listed.', None)
    with open_image(content, str(path)) as image:
        turned = image.getexif().get(ORIENTATION, UPRIGHT) in _SIDEWAYS
        return image.size if turned else image.size[::-1]


def _content(path: str, remedy: str, backend_args: dict | None) -> bytes:
    """Fetch a file's content; see ``read_rgb`` for what it raises."""
    try:
        return fileio.get(path, backend_args=backend_args)
    except FileNotFoundError as error:
        raise FileNotFoundError(f'{path} does not exist: {remedy}') from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise ImageError(f'{path} cannot be read: {reason}.') from error
