"""COCO's average precision of the instances of a panoptic model."""

import contextlib
import io
from collections.abc import Sequence

import numpy as np
from mmdet.registry import METRICS
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from pycocotools import mask as mask_utils
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from .class_table import class_table
from .ground_truth import (
    prediction_of,
    read_gt_ids,
)


@METRICS.register_module()
class InstanceAPMetric(BaseMetric):
    """Score the masks of instances with pycocotools.

    Needs `model.test_cfg.instance_on=True`. The true instances are the
    thing segments of the panoptic PNG, crowds to be ignored; or, with
    `ann_file`, those of an instance annotation file: COCO's own numbers are
    counted so, since there instances may overlap.

    Reads of each sample: `pred_instances` with `labels`, `scores` and
    `masks` (N, H, W), where stuff is left out; and the metainfo that
    ``PanopticQualityMetric`` reads.

    Returns in percent: `AP`, `AP50`, `AP75`, those of small, medium and
    large objects, `AP_s`, `AP_m`, `AP_l`, and the recall, `AR`; NaN where
    there is no true instance. `class_scores` has `AP` and `AP50` by class.

    Args:
        ann_file: COCO's `instances_*.json`. Category ids must be those of
            the panoptic annotation file.
        max_per_image: Best instances of an image and class that count.
        classwise: Whether to print the table of the classes, too.
        prefix: Of the names of the results.
        collect_device: 'cpu' or 'gpu', for several processes.
        backend_args: Of mmengine's file backend, for the PNGs.
    """

    default_prefix = 'instance'

    def __init__(
        self,
        ann_file: str | None = None,
        max_per_image: int = 100,
        classwise: bool = True,
        prefix: str | None = None,
        collect_device: str = 'cpu',
        backend_args: dict | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.ann_file = ann_file
        self.max_per_image = max_per_image
        self.classwise = classwise
        self.backend_args = backend_args
        self.class_scores: dict[str, dict[str, float]] = {}

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Encode the masks of a batch.

        Args:
            data_batch: Not used.
            data_samples: Predictions and metainfo, as dicts.
        """
        for sample in data_samples:
            height, width = (int(n) for n in sample['ori_shape'][:2])
            image = dict(id=sample['img_id'], height=height, width=width)
            truth = [] if self.ann_file is not None else self._truth(sample)
            predicted = self._predicted(sample, (height, width))
            self.results.append((image, truth, predicted))

    def compute_metrics(self, results: list[tuple]) -> dict[str, float]:
        """Run pycocotools and print the table.

        Args:
            results: Image, true and predicted instances, for each image.

        Returns:
            Scores in percent.
        """
        images, truth, predicted = zip(*results, strict=True)
        num_things = len(self.dataset_meta['thing_classes'])
        names = self.dataset_meta['classes'][:num_things]
        category_ids = list(self.dataset_meta['category_ids'][:num_things])
        with contextlib.redirect_stdout(io.StringIO()):
            if self.ann_file is None:
                coco = _index(images, category_ids, truth)
            else:
                coco = self._read_ann_file(category_ids)
            found = _index(images, category_ids, predicted)
            evaluation = COCOeval(coco, found, 'segm')
            params = evaluation.params
            params.imgIds = [image['id'] for image in images]
            params.catIds = category_ids
            params.maxDets = [1, 10, self.max_per_image]
            evaluation.evaluate()
            evaluation.accumulate()
        # (IoU thresholds, recalls, classes, sizes)
        precision = evaluation.eval['precision'][..., -1]
        recall = evaluation.eval['recall'][..., -1]
        everything = precision[..., 0]
        scores = dict(
            AP=_mean(everything),
            AP50=_mean(everything[0]),
            AP75=_mean(everything[5]),
            AP_s=_mean(precision[..., 1]),
            AP_m=_mean(precision[..., 2]),
            AP_l=_mean(precision[..., 3]),
            AR=_mean(recall[..., 0]),
        )
        self.class_scores = {
            name: dict(
                AP=_mean(everything[:, :, k]), AP50=_mean(everything[0, :, k])
            )
            for k, name in enumerate(names)
        }
        self._log(scores)
        return scores

    def _truth(self, sample: dict) -> list[dict]:
        """Turn the thing segments of the PNG into COCO's instances."""
        num_things = len(self.dataset_meta['thing_classes'])
        ids = read_gt_ids(
            sample,
            f'Take {type(self).__name__} out of the evaluators.',
            self.backend_args,
        )
        instances = []
        for segment in sample['segments_info']:
            if segment['category'] < num_things:
                rle = mask_utils.encode(
                    np.asfortranarray(ids == segment['id'])
                )
                instances.append(
                    self._instance(
                        sample,
                        segment['category'],
                        rle,
                        iscrowd=segment['iscrowd'],
                    )
                )
        return instances

    def _predicted(self, sample: dict, shape: tuple[int, int]) -> list[dict]:
        """Turn predictions into COCO's format."""
        prediction = prediction_of(
            sample, 'pred_instances', 'instance_on', type(self).__name__
        )
        masks = prediction['masks'].cpu().numpy().astype(np.uint8)
        if masks.shape[1:] != shape:
            raise ValueError(
                f'{sample["img_path"]}: the masks are {masks.shape[1:]}, the '
                f'image {shape}: predictions must have the original size.'
            )
        num_things = len(self.dataset_meta['thing_classes'])
        return [
            self._instance(
                sample,
                label,
                mask_utils.encode(np.asfortranarray(mask)),
                iscrowd=0,
                score=score,
            )
            for label, score, mask in zip(
                prediction['labels'].tolist(),
                prediction['scores'].tolist(),
                masks,
                strict=True,
            )
            if label < num_things
        ]

    def _instance(
        self, sample: dict, label: int, rle: dict, **others: float
    ) -> dict:
        """Describe an instance as COCO does, but for its id."""
        return dict(
            image_id=sample['img_id'],
            category_id=self.dataset_meta['category_ids'][label],
            segmentation=rle,
            area=int(mask_utils.area(rle)),
            **others,
        )

    def _read_ann_file(self, category_ids: list[int]) -> COCO:
        """Index the instance annotations; they must fit the data set."""
        coco = COCO(self.ann_file)
        missing = set(category_ids) - set(coco.cats)
        if missing:
            raise ValueError(
                f'{self.ann_file} lacks the category ids {sorted(missing)} '
                'of the panoptic annotation file: they are not of one data '
                'set.'
            )
        return coco

    def _log(self, scores: dict[str, float]) -> None:
        """Print the tables."""
        logger = MMLogger.get_current_instance()
        if self.classwise:
            columns = {
                key: [row[key] for row in self.class_scores.values()]
                for key in ('AP', 'AP50')
            }
            table = class_table(list(self.class_scores), columns)
            logger.info('Instance scores by class:\n' + table)
        logger.info(
            'Instance scores: '
            + ', '.join(f'{k} {v:.2f}' for k, v in scores.items())
        )


def _index(
    images: Sequence[dict],
    category_ids: list[int],
    instances: Sequence[list[dict]],
) -> COCO:
    """Make pycocotools' index of instances in memory, ids from 1."""
    coco = COCO()
    coco.dataset = dict(
        images=list(images),
        categories=[dict(id=i) for i in category_ids],
        annotations=[
            dict(instance, id=number)
            for number, instance in enumerate(
                (one for of_image in instances for one in of_image), 1
            )
        ],
    )
    coco.createIndex()
    return coco


def _mean(values: np.ndarray) -> float:
    """Average in percent what is defined; pycocotools has -1 elsewhere."""
    known = values[values > -1]
    return 100 * float(known.mean()) if known.size else float('nan')
