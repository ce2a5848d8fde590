"""Mean IoU of the semantic result."""

import numpy as np
from mmdet.registry import METRICS
from mmengine import fileio

from mmremax.datasets.panoptic_png import map_ids, png_name, read_labels
from mmremax.utils.constants import VOID
from mmremax_runtime.images import ImageError

from .streaming_metric import StreamingMetric

UNLABELLED = (0, 255)  # values of a benchmark's maps
UNKNOWN = -2


@METRICS.register_module()
class MeanIoUMetric(StreamingMetric):
    """Scores the semantic maps of a panoptic model.

    Needs `model.test_cfg.semantic_on=True`. The ground truth is that of the
    panoptic PNG, crowds with their class, void not counted; or, with
    `label_dir`, a benchmark's own semantic maps. Numbers of pixels are
    whole throughout, summed over all images.

    Reads `pred_sem_seg.sem_seg` of each sample: classes, (1, H, W).

    Returns in percent: `mIoU`, `mAcc` (mean recall of the pixels of a
    class), both over the classes that occur, and `aAcc` (pixels that are
    right). `class_scores` then has `IoU` and `Acc` by class.

    Args:
        label_dir: Folder of semantic maps, named as the images with `.png`,
            in the same sub-folders, of one channel. Their values are
            category ids plus `label_offset`; 0 and 255 are not counted
            where they are no such value, and others are refused.
        label_offset: See `label_dir`; 1 for ADE20K.
        **kwargs: See ``StreamingMetric``.
    """

    default_prefix = 'semantic'
    label_remedy = 'check label_dir of MeanIoUMetric.'

    def __init__(
        self, label_dir: str | None = None, label_offset: int = 1, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self.label_dir = label_dir
        self.label_offset = label_offset

    @property
    def needs_truth(self) -> bool:
        """The benchmark's maps may have it."""
        return self.label_dir is None

    def score_image(self, sample: dict) -> np.ndarray:
        """Count correct, predicted and true pixels by class. (3, K)."""
        num_classes = len(self.dataset_meta['classes'])
        found = self.prediction_of(sample, 'pred_sem_seg', 'semantic_on')
        labels = found['sem_seg'].squeeze(0).cpu().numpy()
        truth = self._truth(sample, labels.shape)
        self.check_size(sample, labels.shape, truth.shape)
        self.check_label(sample, labels.max(), num_classes)
        known = truth != VOID
        labels, truth = labels[known], truth[known]
        parts = (labels[labels == truth], labels, truth)
        counts = [np.bincount(part, minlength=num_classes) for part in parts]
        return np.stack(counts)

    def compute_metrics(self, results: list[np.ndarray]) -> dict[str, float]:
        """Sum up what ``score_image`` counted and print the table."""
        correct, predicted, true = sum(results)
        with np.errstate(invalid='ignore'):  # 0 / 0: a class that is absent
            iou = 100 * correct / (predicted + true - correct)
            recall = 100 * correct / true
            total = 100 * correct.sum() / true.sum()
        scores = dict(mIoU=_mean_of_known(iou), mAcc=_mean_of_known(recall))
        scores['aAcc'] = float(total)
        names, columns = (
            self.dataset_meta['classes'],
            dict(IoU=iou, Acc=recall),
        )
        self.report('Semantic scores', scores, names, columns)
        return scores

    def _truth(self, sample: dict, shape: tuple[int, int]) -> np.ndarray:
        """Read the true classes, VOID for what is not counted. (H, W)."""
        if self.label_dir is None:
            return semantic_labels(*self.read_truth(sample, shape))
        path = self.label_path(sample)
        values = read_labels(path, self.label_remedy, self.backend_args)
        categories = self.dataset_meta['category_ids']
        label_of = dict.fromkeys(UNLABELLED, VOID)
        label_of |= {
            category + self.label_offset: label
            for label, category in enumerate(categories)
        }
        labels = map_ids(values, label_of, UNKNOWN, np.int64)
        if (strange := values[labels == UNKNOWN]).size:
            raise ImageError(
                f'{path} has the value {strange[0]}, which is no category id '
                f'plus label_offset ({self.label_offset}), nor '
                f'{" or ".join(map(str, UNLABELLED))}: map and annotation '
                'file are of different data, or label_offset is wrong.'
            )
        return labels

    def label_path(self, info: dict) -> str | None:
        """Name the benchmark's map of an image."""
        if self.label_dir is None:
            return None
        name = png_name(info['file_name'])
        return fileio.join_path(self.label_dir, name)


def semantic_labels(id_map: np.ndarray, segments: list[dict]) -> np.ndarray:
    """Give each pixel the class of its segment, crowds included, or VOID."""
    class_of = {s['id']: s['category'] for s in segments}
    return map_ids(id_map, class_of, VOID, np.int64)


def _mean_of_known(values: np.ndarray) -> float:
    """Average what is not NaN; NaN if all are."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float('nan')
