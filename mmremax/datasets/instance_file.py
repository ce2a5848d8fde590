"""Loading of a COCO-instance file, and of the masks in it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from mmengine import fileio
from pycocotools import mask as mask_utils

from .annotation_file import AnnotationError, raise_faults
from .annotation_parsing import parse_instances

# Of COCO: five bits a character, and one that says whether more follow.
RUN_LENGTHS = re.compile(r'([P-o]{0,6}[0-O])*')


def load_instances(path: str | Path, backend_args: dict | None = None) -> dict:
    """Read a COCO-instance file; AnnotationError if it cannot be used."""
    content, faults = parse_instances(
        fileio.get(str(path), backend_args=backend_args)
    )
    raise_faults(path, faults, 'It must be in COCO-instance format.')
    return content


def encode_mask(annotation: dict, shape: tuple[int, int]) -> dict:
    """Make a compressed run-length code of polygons or of any code.

    pycocotools writes beyond its memory for texts that are no codes, and
    for points that are far away.
    """
    code = annotation['segmentation']
    with _named(annotation):
        if isinstance(code, list):
            points = np.abs([x for polygon in code for x in polygon])
            if not (points < 4 * sum(shape)).all():
                raise ValueError('points far outside the image')
            code = mask_utils.merge(mask_utils.frPyObjects(code, *shape))
        elif isinstance(code['counts'], list):
            if sum(code['counts']) != np.prod(code['size']):
                raise ValueError('"counts" are not as many as the pixels')
            code = mask_utils.frPyObjects(code, *shape)
        elif not RUN_LENGTHS.fullmatch(code['counts']):
            raise ValueError('"counts" is no code')
        size = tuple(map(int, code['size']))
    if size != tuple(shape):
        raise AnnotationError(
            f'Annotation {annotation.get("id")}: the run-length code has the '
            f'size {size}, its image {tuple(shape)}.'
        )
    if isinstance(annotation['segmentation'], dict):
        with _named(annotation):
            mask_utils.decode(code)  # counts the pixels
    return code


def decode_mask(annotation: dict, shape: tuple[int, int]) -> np.ndarray:
    """Draw polygons or a run-length code. (H, W), bool."""
    code = encode_mask(annotation, shape)
    with _named(annotation):
        return mask_utils.decode(code).astype(bool)


@contextmanager
def _named(annotation: dict) -> Iterator[None]:
    """Say whose mask it is that pycocotools cannot read."""
    try:
        yield
    except Exception as error:  # it raises bare ones
        raise AnnotationError(
            f'Annotation {annotation.get("id")}: "segmentation" is neither '
            f'polygons of 3 points and more nor a run-length code ({error}).'
        ) from error
