"""Writing of COCO-panoptic files: one json, one PNG for each image."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image
from rich.progress import track
from scipy import ndimage

from mmremax.datasets.annotation_file import AnnotationError
from mmremax.datasets.panoptic_png import replace_ids
from mmremax.utils.constants import VOID_ID
from mmremax_runtime.errors import one_line
from mmremax_runtime.files import write_files, write_text
from mmremax_runtime.opening import count
from mmremax_runtime.segmentation import ids_to_colours

Annotated = tuple[dict, str, np.ndarray, dict[int, tuple[int, bool]]]
"""Entry of `images`, name of the PNG, map of segment ids (H, W) with 0 for
void, and category id and crowd flag of each segment id."""


def convert_images(
    json_path: Path,
    categories: list[dict],
    sources: Iterable,
    read: Callable[..., Annotated],
    num_workers: int = 4,
) -> Iterator[dict]:
    """Convert the images of a split, then write its annotation file.

    The file appears when all images are done: a run that was interrupted
    leaves none that looks whole.

    Args:
        json_path: Annotation file to write; the PNGs go to the folder of
            this name without `.json`.
        categories: For the annotation file.
        sources: What `read` takes, one for each image.
        read: Reads the annotation of an image, in a thread.

    Yields:
        Entry of `annotations` of each image, in order, when it is done.
    """
    owners = {}

    def convert(source: object) -> tuple[dict, dict]:
        image, file_name, id_map, labels = read(source)
        if owners.setdefault(file_name, image['id']) != image['id']:
            refuse_shared([file_name] * 2, str(json_path))
        path = json_path.with_suffix('') / file_name
        with write_files(path) as (part,):
            Image.fromarray(ids_to_colours(id_map)).save(part)
        return image, dict(
            image_id=image['id'],
            file_name=file_name,
            segments_info=segment_table_of(id_map, labels),
        )

    images, annotations = [], []
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
    if not images:
        raise AnnotationError(
            f'{json_path} would have no image, and is not written.'
        )
    content = dict(
        images=images, annotations=annotations, categories=categories
    )
    write_text(json_path, json.dumps(content))


def refuse_shared(names: Iterable[str], what: str) -> None:
    """Raise an AnnotationError if files to write have one name.

    Args:
        names: Of the files.
        what: Where they come from, for the error message.
    """
    twice = [name for name, n in Counter(names).items() if n > 1]
    if twice:
        raise AnnotationError(
            f'{what}: several images would share the PNG {twice[0]}: rename '
            'them.'
        )


def segment_table_of(
    id_map: np.ndarray, labels: dict[int, tuple[int, bool]]
) -> list[dict]:
    """Make `segments_info` of the segments that a map shows.

    See ``Annotated`` and ``segments_of``; every id needs a label.
    """
    table = []
    for segment in segments_of(id_map):
        category_id, iscrowd = labels[segment['id']]
        segment.update(category_id=category_id, iscrowd=int(iscrowd))
        table.append(segment)
    return table


def segments_of(id_map: np.ndarray) -> list[dict]:
    """Measure the segments of a map, where 0 is void.

    By ascending id: `id`, `area` and `bbox` (x, y, width, height).
    """
    ids = []

    def number(found: np.ndarray) -> np.ndarray:
        ids.extend(found.tolist())
        return np.arange(1, len(found) + 1, dtype=np.int32)

    places = replace_ids(id_map, number)
    areas = np.bincount(places.ravel(), minlength=len(ids) + 1)[1:]
    boxes = ndimage.find_objects(places)
    table = []
    for segment_id, area, (rows, cols) in zip(ids, areas, boxes, strict=True):
        sides = cols.stop - cols.start, rows.stop - rows.start
        box = [cols.start, rows.start, *sides]
        table.append(dict(id=segment_id, area=int(area), bbox=box))
    return [segment for segment in table if segment['id'] != VOID_ID]


def spread_id(number: int) -> int:
    """Give the segment with this number, from 1, an id; none is 0.

    Ids of neighbours differ much, so that the PNG shows them in different
    colours; numbers below 2 ** 24 have different ids.
    """
    return number * 0x9E3779 % (1 << 24)  # odd: one to one


def run_command(
    description: str,
    name: str,
    find: Callable[[Path, str], list],
    convert: Callable[[Path, str, Path, int], Iterable],
    splits: Sequence[str] = ('train', 'val'),
) -> None:
    """Convert the splits as the command line says.

    Leaves with one line if a file is missing or wrong.

    Args:
        description: What the converter does, with an example.
        name: Data set, for the progress bar.
        find: Lists the images of a root and split.
        convert: Of root, split, output folder and number of threads.
    """
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('root', type=Path, help='folder of the download')
    parser.add_argument('--out', type=Path, help='folder to write to (ROOT)')
    parser.add_argument(
        '--splits',
        nargs='+',
        choices=splits,
        default=splits,
        help=f'what to convert ({" ".join(splits)})',
    )
    parser.add_argument(
        '--workers', type=count, default=4, help='number of threads (4)'
    )
    args = parser.parse_args()
    out = args.out or args.root
    try:
        for split in args.splits:
            number = len(find(args.root, split))
            done = convert(args.root, split, out, args.workers)
            for _ in track(done, f'{name} {split}', total=number):
                pass
            print(f'{out}/panoptic_{split}.json: {number} images')
    except (OSError, ValueError) as error:
        sys.exit(one_line(error))
