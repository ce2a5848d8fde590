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

from mmremax.datasets import PanopticDataset
from mmremax.datasets.annotation_file import AnnotationError
from mmremax.datasets.instance_file import encode_mask, load_instances
from mmremax.utils.checkpoint import some

from .streaming_metric import StreamingMetric

REMEDY = 'InstanceAPMetric needs the instances of the same data: see ann_file.'


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
        ann_file: COCO's `instances_*.json`. Its thing classes, with ids,
            and its images must be those of the panoptic annotation file; it
            may have more images.
        **kwargs: See ``StreamingMetric``.
    """

    default_prefix = 'instance'

    def __init__(self, ann_file: str | None = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.ann_file = ann_file
        self._truth_of_file: COCO | None = None

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
        categories = [dict(id=i) for i in category_ids]
        with contextlib.redirect_stdout(io.StringIO()):
            if self.ann_file is None:
                coco = _index(images, categories, truth)
            else:
                coco = self._read_file()
            found = _index(images, categories, predicted)
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

    def check_data(self, dataset: PanopticDataset) -> None:
        """Compare images and thing classes of the instance file, too."""
        super().check_data(dataset)
        if self.ann_file is None:
            return
        self._truth_of_file = coco = self._read_file()
        of = f'the data set ({dataset.ann_file})'
        meta = dataset.metainfo
        ids = meta['category_ids'], meta['thing_classes']
        wanted, found = (
            {f'{number} {name}' for number, name in pairs}
            for pairs in (
                zip(*ids, strict=False),  # things come first
                ((c['id'], c['name']) for c in coco.cats.values()),
            )
        )
        if wanted != found:
            raise AnnotationError(
                f'{self.ann_file} has not the thing classes of {of}: it lacks '
                f'{some(wanted - found) or "none"}, it also has '
                f'{some(found - wanted) or "none"}. {REMEDY}'
            )
        for info in map(dataset.get_data_info, range(len(dataset))):
            image = coco.imgs.get(info['img_id'], {})
            for key in ('file_name', 'height', 'width'):
                if image.get(key) != info[key]:
                    raise AnnotationError(
                        f'{self.ann_file}: {key} of image {info["img_id"]!r} '
                        f'is {image.get(key)!r}, in {of} {info[key]!r}. '
                        + REMEDY
                    )

    def _read_file(self) -> COCO:
        """Read the instance file."""
        if self._truth_of_file is not None:
            return self._truth_of_file
        content = load_instances(self.ann_file, self.backend_args)
        shapes = {
            i['id']: (i['height'], i['width']) for i in content['images']
        }
        for instance in content['annotations']:
            try:
                code = encode_mask(instance, shapes[instance['image_id']])
            except AnnotationError as error:
                raise AnnotationError(f'{self.ann_file}: {error}') from error
            instance['segmentation'] = code
            instance.setdefault('area', int(mask_utils.area(code)))
            instance.setdefault('iscrowd', 0)
        return _index(
            content['images'], content['categories'], [content['annotations']]
        )

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
    categories: Sequence[dict],
    instances: Sequence[list[dict]],
) -> COCO:
    """Make pycocotools' index of the instances of all images, ids from 1."""
    coco = COCO()
    coco.dataset = dict(
        images=list(images),
        categories=list(categories),
        annotations=[
            dict(instance, id=number)
            for number, instance in enumerate(chain(*instances), start=1)
        ],
    )
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
    return coco


def _mean(values: np.ndarray) -> float:
    """Average in percent what is defined; pycocotools has -1 elsewhere."""
    known = values[values > -1]
    return 100 * float(known.mean()) if known.size else float('nan')
