"""Reads images of any origin as RGB, and refuses what would mislead."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from .errors import InputError

SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')
MAX_PIXELS = 2**27
"""Larger ones are refused before they are decoded; 12,000 x 9,000 fits."""

ORIENTATION, UPRIGHT = 0x0112, 1  # of EXIF

UNREADABLE = (
    *(UnidentifiedImageError, Image.DecompressionBombError),
    *(OSError, SyntaxError, ValueError),
)


class ImageError(InputError):
    """A source is no image that can be used; the text names it."""


def read_image(source: Any, channel_order: str | None = None) -> np.ndarray:
    """Read an image.

    Args:
        source: Path, PIL image, or array, uint8: (H, W), (H, W, 3).
        channel_order: `rgb` or `bgr`: of an array with three channels, which
            does not say it; OpenCV reads BGR.

    Returns:
        RGB, uint8, turned as its EXIF entry says, transparency left out.
        (H, W, 3).

    Raises:
        ImageError: No image, cut off, damaged, larger than MAX_PIXELS, of
            several pictures, or grey of more than 8 bits.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, channel_order)
    if isinstance(source, Image.Image):
        return _to_rgb(source, 'The PIL image')
    if not isinstance(source, str | os.PathLike):
        raise ImageError(
            f'A {type(source).__name__} is no image: give a path, a PIL '
            'image or a NumPy array.'
        )
    try:
        if Path(source).is_fifo():  # would wait for a writer
            raise ImageError(f'{source} is a pipe, no file.')
        content = Path(source).read_bytes()
    except OSError as error:
        raise ImageError(f'{source}: {error.strerror or error}.') from None
    image = decode_image(content, str(source))
    check_jpeg(content, str(source))
    return image


def check_jpeg(content: bytes, name: str) -> None:
    """Refuse a JPEG with damage inside, which Pillow paints over unsaid.

    FFmpeg does not; without PyAV nothing is checked, as with other formats,
    which have checksums or no gaps. Changes that leave a valid code are found
    by nobody.

    Raises:
        ImageError: There is damage.
    """
    if not content.startswith(b'\xff\xd8') or find_spec('av') is None:
        return
    import av

    decoder = av.CodecContext.create('mjpeg', 'r')
    decoder.options['err_detect'] = 'explode'
    try:
        decoder.decode(av.Packet(content))
    except av.error.InvalidDataError:
        raise ImageError(
            f'{name} is damaged inside: what can be decoded of it is not the '
            'picture. Fetch it again.'
        ) from None
    except av.FFmpegError:  # of a kind that FFmpeg does not read
        return


def decode_image(
    content: bytes, name: str, max_pixels: int = MAX_PIXELS
) -> np.ndarray:
    """Decode a file's content; see `read_image`. `name` is for errors."""
    with open_image(content, name, max_pixels) as image:
        return _to_rgb(image, name, max_pixels)


@contextmanager
def open_image(
    content: bytes, name: str, max_pixels: int = MAX_PIXELS
) -> Iterator[Image.Image]:
    """Open a file's content, of which nothing is decoded yet.

    Raises:
        ImageError: The header says more pixels than `max_pixels`, or the
            file cannot be read, now or in the body.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of large files; `max_pixels` decides.
            warnings.simplefilter('ignore', Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content))
        with image:
            check_pixels(image, name, max_pixels)
            yield image
    except ImageError:
        raise
    except UNREADABLE as error:
        raise unreadable(name, error) from error


def check_pixels(image: Image.Image, name: str, max_pixels: int) -> None:
    """Raise an ImageError if a header claims more pixels than allowed."""
    if image.width * image.height > max_pixels:
        raise ImageError(
            f'{name} has {image.width} x {image.height} pixels, more than '
            f'{max_pixels}: cut it, or make it smaller.'
        )


def list_images(folder: str | os.PathLike) -> list[Path]:
    """Return the images of a folder in order of name.

    Raises:
        ImageError: There is no such folder, or no image in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ImageError(f'There is no folder {folder}.')
    images = sorted(
        path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES
    )
    if not images:
        raise ImageError(f'{folder} holds no image ({", ".join(SUFFIXES)}).')
    return images


def unreadable(name: str, error: Exception) -> ImageError:
    """Say in one line that a file cannot be decoded."""
    reason = str(error)
    if isinstance(error, UnidentifiedImageError):
        reason = 'of no known format'
    return ImageError(f'{name} is no readable image ({reason}).')


def _from_array(array: np.ndarray, channel_order: str | None) -> np.ndarray:
    """Check an array; see `read_image`."""
    if array.dtype != np.uint8:
        raise ImageError(
            f'An array of {array.dtype}: scale it to 0 to 255 and give uint8.'
        )
    if array.ndim == 2 and array.size:
        return np.repeat(array[..., None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] != 3 or not array.size:
        raise ImageError(
            f'An array of the shape {array.shape}: give (H, W) or (H, W, 3), '
            'one image at a time; several go in a list.'
        )
    if channel_order not in ('rgb', 'bgr'):
        raise ImageError(
            "An array does not say its channels' order: give "
            "channel_order='bgr' for what OpenCV read, 'rgb' for Pillow, "
            f'imageio and matplotlib (it was {channel_order!r}).'
        )
    step = 1 if channel_order == 'rgb' else -1
    return np.ascontiguousarray(array[..., ::step])


def _to_rgb(
    image: Image.Image, name: str, max_pixels: int = MAX_PIXELS
) -> np.ndarray:
    """Convert a picture of Pillow; see `read_image`."""
    check_pixels(image, name, max_pixels)
    # A camera's MPO is one picture and its previews.
    if getattr(image, 'n_frames', 1) > 1 and image.format != 'MPO':
        raise ImageError(
            f'{name} holds {image.n_frames} pictures: save each as a file.'
        )
    if image.mode.startswith(('I', 'F')):  # Pillow would clip them
        raise ImageError(
            f'{name} has more than 8 bits a pixel ({image.mode}): scale its '
            'range to 0 to 255 and save it with 8.'
        )
    if image.getexif().get(ORIENTATION, UPRIGHT) != UPRIGHT:
        image = ImageOps.exif_transpose(image)  # a copy, as `convert` makes
    return np.array(image if image.mode == 'RGB' else image.convert('RGB'))
