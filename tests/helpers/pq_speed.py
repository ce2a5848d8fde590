"""Time our panoptic quality beside panopticapi's, on the same maps.

    python -m tests.helpers.pq_speed COCO_ROOT [TURNS]

Predictions are the ground truth of val2017, moved and relabelled. Both read
the PNGs of the ground truth; panopticapi those of the predictions, too,
which a model would have to write first. Processor time of one thread; then
ours by the clock, on one thread and on all cores, of which it takes four.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import torch
from panopticapi.evaluation import pq_compute_single_core

from mmremax.datasets import PanopticDataset
from mmremax.evaluation import PanopticQualityMetric
from tests.helpers.predictions import evaluate, predictions, shift

TRUTH = 'annotations/panoptic_val2017'


def main(root: Path, turns: int = 3) -> None:
    """Take turns and print milliseconds an image."""
    data = PanopticDataset(
        f'{TRUTH}.json',
        str(root),
        dict(img='val2017', seg=TRUTH),
        test_mode=True,
    )
    samples = predictions(data, shift)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        evaluate(PanopticQualityMetric(dump_dir=folder), data, samples)
        found = json.loads(Path(folder, 'panoptic.json').read_text())
        pairs = pair_up(
            json.loads((root / f'{TRUTH}.json').read_text()), found
        )
        spent = []
        for _ in range(turns):
            start = process_time()
            evaluate(PanopticQualityMetric(classwise=False), data, samples)
            middle = process_time()
            categories, annotations = pairs
            pq_compute_single_core(
                0,
                annotations,
                str(root / TRUTH),
                f'{folder}/panoptic',
                categories,
            )
            spent.append((middle - start, process_time() - middle))
    ours, theirs = (
        1e3 * median(values) / len(samples)
        for values in zip(*spent, strict=True)
    )
    ratio = median(a / b for a, b in spent)
    print(
        f'{len(samples)} images: ours {ours:.1f} ms an image, panopticapi '
        f'{theirs:.1f} ms, ratio {ratio:.2f}'
    )
    for threads in (1, os.cpu_count()) * turns:
        torch.set_num_threads(threads)
        start = perf_counter()
        evaluate(PanopticQualityMetric(classwise=False), data, samples)
        seconds = perf_counter() - start
        print(f'{threads} threads: {1e3 * seconds / len(samples):.1f} ms')


def pair_up(truth: dict, found: dict) -> tuple[dict, list]:
    """Give categories by id, and the two annotations of each image."""
    by_image = {row['image_id']: row for row in found['annotations']}
    categories = {row['id']: row for row in truth['categories']}
    return categories, [
        (row, by_image[row['image_id']]) for row in truth['annotations']
    ]


if __name__ == '__main__':
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
