"""Panoptic annotation as semantic maps, the layout mmseg reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from mmremax.datasets.panoptic_dataset import PanopticDataset
from mmremax.datasets.panoptic_png import png_name, read_segments
from mmremax.datasets.transforms.formatting import class_map
from mmremax_runtime.files import write_files

from .panoptic_files import refuse_shared


def semantic_maps(
    ann_file: str, png_dir: str | Path, merge_things: bool = False
) -> Iterator[tuple[str, np.ndarray]]:
    """Read panoptic annotation as one label map an image.

    Yields:
        Name of the map, that of the image with `.png`, and its labels: the
        place of the class, things first; 255 for void and crowds. With
        ``merge_things`` all things are class 0, and stuff follows. (H, W),
        uint8.

    Raises:
        AnnotationError: Two images would share a map.
    """
    prefix = dict(img='', seg=str(png_dir))
    data = PanopticDataset(ann_file, data_prefix=prefix, test_mode=True)
    places = np.arange(256, dtype=np.uint8)
    if merge_things:
        num_things = len(data.metainfo['thing_classes'])
        num_classes = len(data.metainfo['classes'])
        places[:num_things] = 0
        places[num_things:num_classes] = range(1, num_classes - num_things + 1)
    remedy = f'{ann_file} lists it; unpack the panoptic PNGs.'
    infos = [data.get_data_info(i) for i in range(len(data))]
    names = [png_name(info['file_name']) for info in infos]
    refuse_shared(names, ann_file)
    for name, info in zip(names, infos, strict=True):
        if info['seg_map_path'] is not None:
            table, shape = (
                info['segments_info'],
                (info['height'], info['width']),
            )
            ids, table = read_segments(
                info['seg_map_path'], remedy, shape, table
            )
            yield name, places[class_map(ids, table)]


def write_semantic_maps(
    ann_file: str,
    png_dir: str | Path,
    out_dir: str | Path,
    merge_things: bool = False,
) -> Iterator[Path]:
    """Write the maps as PNGs named after the images; yield each path."""
    out_dir = Path(out_dir)
    for name, labels in semantic_maps(ann_file, png_dir, merge_things):
        path = out_dir / name
        with write_files(path) as (part,):
            Image.fromarray(labels).save(part)
        yield path
