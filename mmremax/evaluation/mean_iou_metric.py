"""Mean IoU of the semantic result."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmdet.registry import METRICS
from mmengine import fileio
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from mmremax.datasets.panoptic_png import read_labels

from .class_table import class_table
from .ground_truth import (
    VOID_LABEL,
    prediction_of,
    read_gt_ids,
    semantic_labels,
)


@METRICS.register_module()
class MeanIoUMetric(BaseMetric):
    """Score the semantic maps of a panoptic model.

    Needs `model.test_cfg.semantic_on=True`. The ground truth is that of the
    panoptic PNG, crowds with their class, void not counted; or, with
    `label_dir`, a benchmark's own semantic maps. Numbers of pixels are
    whole throughout, summed over all images.

    Reads of each sample: `pred_sem_seg.sem_seg` (1, H, W), classes; and the
    metainfo that ``PanopticQualityMetric`` reads.

    Returns in percent: `mIoU`, `mAcc` (mean recall of the pixels of a
    class), both over the classes that occur, and `aAcc` (pixels that are
    right). `class_scores` then has `IoU` and `Acc` by class.

    Args:
        label_dir: Folder of semantic maps `{stem of the image}.png`, of one
            channel, whose values are category ids plus `label_offset`.
            Values of no category are not counted.
        label_offset: See `label_dir`; 1 for ADE20K.
        classwise: Whether to print the table of the classes, too.
        prefix: Of the names of the results.
        collect_device: 'cpu' or 'gpu', for several processes.
        backend_args: Of mmengine's file backend.
    """

    default_prefix = 'semantic'

    def __init__(
        self,
        label_dir: str | None = None,
        label_offset: int = 1,
        classwise: bool = True,
        prefix: str | None = None,
        collect_device: str = 'cpu',
        backend_args: dict | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.label_dir = label_dir
        self.label_offset = label_offset
        self.classwise = classwise
        self.backend_args = backend_args
        self.class_scores: dict[str, dict[str, float]] = {}

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Count the pixels of a batch.

        Args:
            data_batch: Not used.
            data_samples: Predictions and metainfo, as dicts.
        """
        num_classes = len(self.dataset_meta['classes'])
        for sample in data_samples:
            prediction = prediction_of(
                sample, 'pred_sem_seg', 'semantic_on', type(self).__name__
            )
            labels = prediction['sem_seg'].squeeze(0).cpu().numpy()
            truth = self._truth(sample)
            if labels.shape != truth.shape:
                raise ValueError(
                    f'{sample["img_path"]}: the prediction is '
                    f'{labels.shape}, the ground truth {truth.shape}: '
                    'predictions must have the original size.'
                )
            if labels.max() >= num_classes:
                raise ValueError(
                    f'The prediction for {sample["img_path"]} has class '
                    f'{labels.max()}, but the data has {num_classes} '
                    'classes: the numbers of classes of model and data '
                    'differ.'
                )
            known = truth != VOID_LABEL
            labels, truth = labels[known], truth[known]
            self.results.append(
                np.stack(
                    [
                        np.bincount(part, minlength=num_classes)
                        for part in (labels[labels == truth], labels, truth)
                    ]
                )
            )

    def compute_metrics(self, results: list[np.ndarray]) -> dict[str, float]:
        """Sum up and print the table.

        Args:
            results: Correct, predicted and true pixels by class, one for
                each image. (3, K).

        Returns:
            Scores in percent.
        """
        correct, predicted, true = sum(results)
        with np.errstate(invalid='ignore'):  # 0 / 0: a class that is absent
            iou = 100 * correct / (predicted + true - correct)
            recall = 100 * correct / true
            total = 100 * correct.sum() / true.sum()
        names = self.dataset_meta['classes']
        self.class_scores = {
            name: dict(IoU=float(a), Acc=float(b))
            for name, a, b in zip(names, iou, recall, strict=True)
        }
        scores = dict(
            mIoU=_mean_of_known(iou),
            mAcc=_mean_of_known(recall),
            aAcc=float(total),
        )
        logger = MMLogger.get_current_instance()
        if self.classwise:
            table = class_table(names, dict(IoU=iou, Acc=recall))
            logger.info('Semantic scores by class:\n' + table)
        logger.info(
            'Semantic scores: '
            + ', '.join(f'{k} {v:.2f}' for k, v in scores.items())
        )
        return scores

    def _truth(self, sample: dict) -> np.ndarray:
        """Read the true classes, -1 for what is not counted. (H, W)."""
        if self.label_dir is None:
            ids = read_gt_ids(
                sample,
                f'Take {type(self).__name__} out of the evaluators.',
                self.backend_args,
            )
            return semantic_labels(ids, sample['segments_info'])
        name = f'{Path(sample["img_path"]).stem}.png'
        path = fileio.join_path(self.label_dir, name)
        values = read_labels(
            path, 'check label_dir of MeanIoUMetric.', self.backend_args
        )
        label_of = np.full(1 << 16, VOID_LABEL)
        for label, category in enumerate(self.dataset_meta['category_ids']):
            label_of[category + self.label_offset] = label
        return label_of[values]


def _mean_of_known(values: np.ndarray) -> float:
    """Average what is not NaN; NaN if all are."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float('nan')
