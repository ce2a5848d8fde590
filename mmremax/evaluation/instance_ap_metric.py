"""COCO's average precision of the instances of a panoptic model."""

import contextlib
import io
from collections.abc import Sequence
from itertools import chain

import numpy as np
from mmdet.registry import METRICS
from pycocotools import mask as mask_utils
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from .streaming_metric import StreamingMetric


@METRICS.register_module()
class InstanceAPMetric(StreamingMetric):
    """Scores the masks of instances with pycocotools.

    Needs `model.test_cfg.instance_on=True`. The true instances are the
    thing segments of the panoptic PNG, crowds to be ignored; or, with
    `ann_file`, those of an instance annotation file: COCO's own numbers are
    counted so, since there instances may overlap. (mmdet's ``CocoMetric``
    has the file alone, and rounds to 0.1 %.)

    Reads `pred_instances` of each sample, with `labels`, `scores` and
    `masks` (N, H, W), where stuff is left out; and `ori_shape`.

    Returns in percent: `AP`, `AP50`, `AP75`, those of small, medium and
    large objects, `AP_s`, `AP_m`, `AP_l`, and the recall, `AR`; NaN where
    there is no true instance. `class_scores` has `AP` and `AP50` by class.

    Args:
        ann_file: COCO's `instances_*.json`. Category ids must be those of
            the panoptic annotation file.
        **kwargs: See ``StreamingMetric``.
    """

    default_prefix = 'instance'

    def __init__(self, ann_file: str | None = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.ann_file = ann_file

    @property
    def needs_truth(self) -> bool:
        """The instance file may have it."""
        return self.ann_file is None

    def score_image(self, sample: dict) -> tuple[dict, list, list]:
        """Encode the masks: image, true and predicted instances."""
        shape = tuple(int(n) for n in sample['ori_shape'][:2])
        image = dict(id=sample['img_id'], height=shape[0], width=shape[1])
        truth = [] if self.ann_file is not None else self._truth(sample)
        predicted = [
            self._instance(sample, label, mask, iscrowd=0, score=score)
            for label, score, mask in self.instances_of(sample, shape)
            if label < len(self.dataset_meta['thing_classes'])
        ]
        return image, truth, predicted

    def compute_metrics(self, results: list[tuple]) -> dict[str, float]:
        """Run pycocotools and print the table."""
        images, truth, predicted = zip(*results, strict=True)
        names = self.dataset_meta['thing_classes']  # they come first
        category_ids = list(self.dataset_meta['category_ids'][: len(names)])
        with contextlib.redirect_stdout(io.StringIO()):
            if self.ann_file is None:
                coco = _index(images, category_ids, truth)
            else:
                coco = COCO(self.ann_file)
            missing = set(category_ids) - set(coco.cats)
            if missing:
                raise ValueError(
                    f'{self.ann_file} lacks the category ids '
                    f'{sorted(missing)} of the panoptic annotation file: '
                    'they are not of one data set.'
                )
            for number, name in zip(category_ids, names, strict=True):
                other = coco.cats[number].get('name', name)
                if other != name:
                    raise ValueError(
                        f'{self.ann_file} calls the category {number} '
                        f'{other!r}, the panoptic annotation file {name!r}: '
                        'they are not of one data set.'
                    )
            found = _index(images, category_ids, predicted)
            evaluation = COCOeval(coco, found, 'segm')
            evaluation.params.imgIds = [image['id'] for image in images]
            evaluation.params.catIds = category_ids
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        keys = ('AP', 'AP50', 'AP75', 'AP_s', 'AP_m', 'AP_l')
        stats = np.where(evaluation.stats > -1, evaluation.stats, np.nan)
        scores = dict(zip(keys, stats[:6], strict=True), AR=stats[8])
        scores = {key: 100 * float(score) for key, score in scores.items()}
        # (IoU thresholds, recalls, classes), all sizes, the best 100
        precision = evaluation.eval['precision'][..., 0, -1]
        by_class = np.moveaxis(precision, 2, 0)
        columns = dict(
            AP=[_mean(values) for values in by_class],
            AP50=[_mean(values[0]) for values in by_class],
        )
        self.report('Instance scores', scores, names, columns)
        return scores

    def _truth(self, sample: dict) -> list[dict]:
        """Turn the thing segments of the PNG into COCO's instances."""
        ids, table = self.read_truth(sample, sample['ori_shape'][:2])
        return [
            self._instance(
                sample, s['category'], ids == s['id'], iscrowd=s['iscrowd']
            )
            for s in table
            if s['category'] < len(self.dataset_meta['thing_classes'])
        ]

    def _instance(
        self, sample: dict, label: int, mask: np.ndarray, **others: float
    ) -> dict:
        """Describe an instance as COCO does, but for its id."""
        rle = mask_utils.encode(np.asfortranarray(mask, np.uint8))
        return dict(
            image_id=sample['img_id'],
            category_id=self.dataset_meta['category_ids'][label],
            segmentation=rle,
            area=int(mask_utils.area(rle)),
            **others,
        )


def _index(
    images: Sequence[dict],
    category_ids: list[int],
    instances: Sequence[list[dict]],
) -> COCO:
    """Make pycocotools' index of the instances of all images, ids from 1."""
    coco = COCO()
    coco.dataset = dict(
        images=list(images),
        categories=[dict(id=i) for i in category_ids],
        annotations=[
            dict(instance, id=number)
            for number, instance in enumerate(chain(*instances), start=1)
        ],
    )
    coco.createIndex()
    return coco


def _mean(values: np.ndarray) -> float:
    """Average in percent what is defined; pycocotools has -1 elsewhere."""
    known = values[values > -1]
    return 100 * float(known.mean()) if known.size else float('nan')
