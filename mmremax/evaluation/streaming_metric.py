"""What the metrics have in common: image by image, scores by class."""

import json
import math
from abc import abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from terminaltables import AsciiTable

from mmremax.datasets import PanopticDataset
from mmremax.datasets.panoptic_png import check_labels, read_segments
from mmremax_runtime.errors import InputError
from mmremax_runtime.files import write_text

_ROWS_OF_ONE_BLOCK = 30
_MAX_THREADS = 4  # each may hold a prediction's masks on the GPU


class StreamingMetric(BaseMetric):
    """Scores each image when it comes, and keeps a few numbers of it.

    No temporary files, no pool of processes: each image is scored at its
    original size, in the process that predicted it, by as many threads as
    torch has there, at most 4, while the next ones are predicted; only
    numbers travel between processes. `class_scores` has the scores by class
    afterwards.

    Reads of each sample the metainfo `img_id`, `img_path`, `file_name`,
    `png_name`, `seg_map_path` and `segments_info`, besides the prediction.

    Args:
        classwise: Whether to print the table of the classes, too.
        prefix: Stands before the names of the results.
        collect_device: 'cpu' or 'gpu', for several processes.
    """

    without_truth = 'Take {} out of the evaluators.'
    label_remedy = ''
    needs_truth = True
    """Whether the panoptic annotation has to be there."""

    def __init__(
        self,
        classwise: bool = True,
        prefix: str | None = None,
        collect_device: str = 'cpu',
        backend_args: dict | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.classwise = classwise
        self.backend_args = backend_args
        self.class_scores: dict[str, dict[str, float]] = {}
        self._pool: ThreadPoolExecutor | None = None  # of one evaluation

    def check_data(self, dataset: PanopticDataset) -> None:
        """Raise an InputError if a data set cannot be scored.

        Looks at headers of files: before the first image.
        """
        if self.needs_truth and not dataset.has_truth:
            name = type(self).__name__
            raise InputError(
                f'{dataset.ann_file} has no "annotations" to score by {name}. '
                + self.without_truth.format(name)
            )
        for info in map(dataset.get_data_info, range(len(dataset))):
            if (path := self.label_path(info)) is not None:
                shape = info['height'], info['width']
                remedy = self.label_remedy
                check_labels(path, remedy, shape, self.backend_args)

    def label_path(self, info: dict) -> str | None:
        """Name the label map that has the truth of an image, if one does."""
        return None

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Hand predicted samples to the threads.

        Waits where they fall behind, so that few predictions are held.

        Raises:
            Exception: What scoring an earlier sample raised.
        """
        threads = min(torch.get_num_threads(), _MAX_THREADS)
        self._pool = self._pool or ThreadPoolExecutor(threads)
        for sample in data_samples:
            self._waiting.append(self._pool.submit(self.score_image, sample))
            self._collect(at_most=threads)

    def evaluate(self, size: int) -> dict:
        """Wait for the threads and sum up; raises what scoring raised."""
        self._collect()
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None
        return super().evaluate(size)

    @property
    def results(self) -> list:
        """What ``score_image`` gave for each sample; waits for all."""
        self._collect()
        return self._results

    @results.setter
    def results(self, values: list) -> None:
        self._results, self._waiting = values, deque()

    def _collect(self, at_most: int = 0) -> None:
        """Wait for the oldest samples, until so many are left."""
        while len(self._waiting) > at_most:
            self._results.append(self._waiting[0].result())
            self._waiting.popleft()

    @abstractmethod
    def score_image(self, sample: dict) -> object:
        """Reduce one predicted sample to what ``compute_metrics`` needs."""

    def prediction_of(self, sample: dict, key: str, switch: str) -> dict:
        """Take one kind of prediction, which a switch of `test_cfg` makes."""
        if key not in sample:
            metric = type(self).__name__
            raise KeyError(
                f'{metric} needs {key} in the predictions: set '
                f'model.test_cfg.{switch}=True, or take {metric} out of the '
                'evaluators.'
            )
        return sample[key]

    def instances_of(
        self, sample: dict, shape: tuple[int, int]
    ) -> Iterator[tuple[int, float, np.ndarray]]:
        """Yield label, score and mask, (H, W) uint8, of each instance."""
        found = self.prediction_of(sample, 'pred_instances', 'instance_on')
        masks = found['masks'].cpu().numpy().astype(np.uint8)
        self.check_size(sample, masks.shape[1:], shape)
        labels, scores = found['labels'].tolist(), found['scores'].tolist()
        yield from zip(labels, scores, masks, strict=True)

    def read_truth(
        self, sample: dict, shape: tuple[int, int]
    ) -> tuple[np.ndarray, list[dict]]:
        """Read the true segments.

        Returns a map of ids from 1, 0 is void, (H, W) int32, and the table of
        the sample with these ids; see ``read_segments``.
        """
        path = sample.get('seg_map_path')
        if path is None:
            raise ValueError(
                f'{sample["img_path"]} has no ground truth to score: its '
                'annotation file lacks "annotations". '
                + self.without_truth.format(type(self).__name__)
            )
        table = sample['segments_info']
        remedy = 'check data_prefix["seg"].'
        self.check_size(sample, shape)
        return read_segments(path, remedy, shape, table, self.backend_args)

    def check_size(
        self,
        sample: dict,
        found: tuple[int, int],
        expected: tuple[int, int] | None = None,
    ) -> None:
        """Raise a ValueError unless a prediction has its image's size.

        Expected is what the sample says, if it does.
        """
        expected = expected or sample.get('ori_shape') or found
        if tuple(found) != tuple(expected):
            raise ValueError(
                f'{sample["img_path"]}: the prediction is {tuple(found)}, '
                f'the image {tuple(expected)}: predictions must have the '
                'original size.'
            )

    def check_label(self, sample: dict, label: int, limit: int) -> None:
        """Raise a ValueError unless a predicted label is below a limit."""
        if label >= limit:
            raise ValueError(
                f'The prediction for {sample["img_path"]} has class {label}, '
                f'but the data has {len(self.dataset_meta["classes"])} '
                'classes: the numbers of classes of model and data differ.'
            )

    def report(
        self,
        title: str,
        scores: dict[str, float],
        names: Sequence[str],
        columns: dict[str, Sequence[float]],
    ) -> None:
        """Keep the scores by class, in percent; print them and averages."""
        self.keep(names, columns)
        logger = MMLogger.get_current_instance()
        if self.classwise:
            table = class_table(names, columns)
            logger.info(f'{title} by class:\n{table}')
        averages = ', '.join(f'{k} {v:.2f}' for k, v in scores.items())
        logger.info(f'{title}: {averages}')

    def keep(
        self, names: Sequence[str], columns: dict[str, Sequence[float]]
    ) -> None:
        """Keep the scores by class."""
        self.class_scores = {
            name: {key: float(values[k]) for key, values in columns.items()}
            for k, name in enumerate(names)
        }


def class_table(
    names: Sequence[str], columns: dict[str, Sequence[float | int]]
) -> str:
    """Lay out the scores of the classes, many classes in two blocks."""
    table = zip(names, *columns.values(), strict=True)
    cells = [(name, *map(format_score, values)) for name, *values in table]
    num_blocks = 1 if len(cells) <= _ROWS_OF_ONE_BLOCK else 2
    height = max(1, -(-len(cells) // num_blocks))
    blocks = [cells[i : i + height] for i in range(0, len(cells), height)]
    rows = [('class', *columns) * num_blocks]
    for line in zip_longest(*blocks, fillvalue=('',) * (1 + len(columns))):
        rows.append(tuple(cell for block in line for cell in block))
    return AsciiTable(rows).table


def format_score(value: float | int) -> str:
    """Format a count, or a score in percent; NaN is a dash."""
    if isinstance(value, int):
        return str(value)
    return '-' if math.isnan(value) else f'{value:.2f}'


def write_scores(
    path: str | Path, scores: dict[str, float], metrics: Iterable[BaseMetric]
) -> None:
    """Write what an evaluation gave as json; what is undefined is null.

    `scores` by name, and `classes`: scores by class and key of each metric
    that has `class_scores`, under the metric's prefix.
    """
    scored = [m for m in metrics if getattr(m, 'class_scores', None)]
    classes = {metric.prefix: metric.class_scores for metric in scored}
    content = plain(dict(scores=scores, classes=classes))
    write_text(path, json.dumps(content, indent=1, allow_nan=False))


def plain(value: object) -> object:
    """Turn NaN into None and NumPy's numbers into Python's, for json."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if hasattr(value, 'item'):
        value = value.item()
    undefined = isinstance(value, float) and math.isnan(value)
    return None if undefined else value
