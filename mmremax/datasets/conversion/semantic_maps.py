"""Panoptic annotation as semantic maps, the layout mmseg reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from mmremax.datasets.panoptic_dataset import PanopticDataset
from mmremax.datasets.panoptic_png import read_ids
from mmremax.datasets.transforms.formatting import class_map


def semantic_maps(
    ann_file: str, png_dir: str | Path, merge_things: bool = False
) -> Iterator[tuple[str, np.ndarray]]:
    """Read panoptic annotation as one label map an image.

    Yields:
        Stem of the image's file name, and its labels: the place of the
        class, things first; 255 for void and crowds. With ``merge_things``
        all things are class 0, and stuff follows. (H, W), uint8.
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
    for info in map(data.get_data_info, range(len(data))):
        if info['seg_map_path'] is not None:
            ids = read_ids(info['seg_map_path'], remedy)
            labels = class_map(ids, info['segments_info'])
            yield Path(info['img_path']).stem, places[labels]


def write_semantic_maps(
    ann_file: str,
    png_dir: str | Path,
    out_dir: str | Path,
    merge_things: bool = False,
) -> Iterator[Path]:
    """Write the maps as PNGs named after the images; yield each path."""
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    for stem, labels in semantic_maps(ann_file, png_dir, merge_things):
        path = out_dir / f'{stem}.png'
        Image.fromarray(labels).save(path)
        yield path
