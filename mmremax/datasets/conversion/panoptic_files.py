"""Writing of COCO-panoptic files: one json, one PNG for each image."""

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from mmremax.datasets.panoptic_png import ids_to_colours, replace_ids
from mmremax.utils.constants import VOID_ID


def convert_images(
    json_path: Path,
    categories: list[dict],
    sources: Iterable,
    convert: Callable[..., tuple[dict, dict]],
    num_workers: int = 4,
) -> Iterator[dict]:
    """Convert the images of a split, then write its annotation file.

    The file appears when all images are done: a run that was interrupted
    leaves none that looks whole.

    Args:
        json_path: Annotation file to write.
        categories: For the annotation file.
        sources: What `convert` takes, one for each image.
        convert: Writes the PNG of an image and returns its entries of
            `images` and `annotations`.
        num_workers: Number of threads.

    Yields:
        Entry of `annotations` of each image, in order, when it is done.
    """
    images, annotations = [], []
    json_path.parent.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(num_workers) as pool:
        pending = [pool.submit(convert, source) for source in sources]
        try:
            for future in pending:
                image, annotation = future.result()
                images.append(image)
                annotations.append(annotation)
                yield annotation
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    partial = json_path.with_suffix('.partial')
    partial.write_text(
        json.dumps(
            dict(images=images, annotations=annotations, categories=categories)
        )
    )
    partial.replace(json_path)


def write_segments(
    png_dir: Path,
    file_name: str,
    image_id: int | str,
    id_map: np.ndarray,
    labels: dict[int, tuple[int, bool]],
) -> dict:
    """Write the PNG of one image and describe it.

    Args:
        png_dir: Folder of the PNGs.
        file_name: Of the PNG, relative to the folder.
        image_id: Of the image's entry in `images`.
        id_map: Segment ids in [0, 2 ** 24), 0 is void. (H, W).
        labels: Category id and crowd flag of each segment id.

    Returns:
        Entry of `annotations`.
    """
    path = png_dir / file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(ids_to_colours(id_map)).save(path)
    return dict(
        image_id=image_id,
        file_name=file_name,
        segments_info=segment_table_of(id_map, labels),
    )


def segment_table_of(
    id_map: np.ndarray, labels: dict[int, tuple[int, bool]]
) -> list[dict]:
    """Describe the segments of a map.

    Args:
        id_map: Segment ids, 0 is void. (H, W).
        labels: Category id and crowd flag of each segment id; ids without a
            pixel are left out.

    Returns:
        `segments_info` of the annotation file, by ascending id: `id`,
        `category_id`, `iscrowd`, `area` and `bbox` (x, y, width, height).

    Raises:
        KeyError: The map has an id that `labels` lacks.
    """
    table = []
    for segment in segments_of(id_map):
        category_id, iscrowd = labels[segment['id']]
        segment.update(category_id=category_id, iscrowd=int(iscrowd))
        table.append(segment)
    return table


def segments_of(id_map: np.ndarray) -> list[dict]:
    """Measure the segments of a map.

    Args:
        id_map: Segment ids, 0 is void. (H, W).

    Returns:
        By ascending id: `id`, `area` and `bbox` (x, y, width, height).
    """
    ids = []

    def number(found: np.ndarray) -> np.ndarray:
        ids.extend(found.tolist())
        return np.arange(1, len(found) + 1, dtype=np.int32)

    places = replace_ids(id_map, number)
    areas = np.bincount(places.ravel(), minlength=len(ids) + 1)[1:]
    return [
        dict(
            id=segment_id,
            area=int(area),
            bbox=[
                cols.start,
                rows.start,
                cols.stop - cols.start,
                rows.stop - rows.start,
            ],
        )
        for segment_id, area, (rows, cols) in zip(
            ids, areas, ndimage.find_objects(places), strict=True
        )
        if segment_id != VOID_ID
    ]


def spread_id(number: int) -> int:
    """Give the segment with this number, from 1, an id.

    Ids of neighbours differ much, so that the PNG shows them in different
    colours; all numbers below 2 ** 24 have different ids, none is 0.
    """
    return number * 0x9E3779 % (1 << 24)  # odd: one to one
