"""Average precision of instances as Cityscapes defines it."""

import copy
import warnings
from collections.abc import Sequence
from importlib import import_module

import numpy as np
from mmdet.registry import METRICS
from mmengine import fileio
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from PIL import Image

from .class_table import class_table
from .ground_truth import prediction_of


@METRICS.register_module()
class CityscapesAPMetric(BaseMetric):
    """Overlap masks and instances at once; score with cityscapesscripts.

    Needs `model.test_cfg.instance_on=True`, and the images in their folders
    of the download: the truth is read from `gtFine/*_instanceIds.png`
    beside `leftImg8bit`, as the official script does. (The panoptic PNG has
    less: it does not tell the kinds of void apart.)

    Each image is matched in the process that predicted it, without files;
    only areas and overlaps travel. cityscapesscripts makes the curves.

    Reads of each sample: `pred_instances` with `labels`, `scores` and
    `masks` (N, H, W), where stuff is left out; and `img_path`.

    Returns in percent: `AP`, over thresholds from 0.5 to 0.95, and `AP50`.
    `class_scores` has both by class.

    Args:
        classwise: Whether to print the table of the classes, too.
        prefix: Of the names of the results.
        collect_device: 'cpu' or 'gpu', for several processes.
        backend_args: Of mmengine's file backend.
    """

    default_prefix = 'cityscapes'

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
        try:
            self.official = import_module(
                'cityscapesscripts.evaluation.'
                'evalInstanceLevelSemanticLabeling'
            )
        except ImportError as error:
            raise ImportError(
                'CityscapesAPMetric needs cityscapesscripts: '
                'pip install cityscapesscripts'
            ) from error
        self.settings = copy.copy(self.official.args)
        self.official.setInstanceLabels(self.settings)
        self.class_scores: dict[str, dict[str, float]] = {}

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Match a batch.

        Args:
            data_batch: Not used.
            data_samples: Predictions and metainfo, as dicts.
        """
        for sample in data_samples:
            truth = self._read_truth(sample['img_path'])
            self.results.append(self._match(sample, truth))

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Let cityscapesscripts score the matches.

        Args:
            results: `groundTruth` and `prediction` of each image, as the
                official script has them.

        Returns:
            Scores in percent.
        """
        curves = self.official.evaluateMatches(
            dict(enumerate(results)), self.settings
        )
        with warnings.catch_warnings():
            warnings.filterwarnings('ignore', 'Mean of empty slice')
            averages = self.official.computeAverages(curves, self.settings)
        self.class_scores = {
            name: dict(
                AP=100 * float(row['ap']), AP50=100 * float(row['ap50%'])
            )
            for name, row in averages['classes'].items()
        }
        scores = dict(
            AP=100 * float(averages['allAp']),
            AP50=100 * float(averages['allAp50%']),
        )
        logger = MMLogger.get_current_instance()
        if self.classwise:
            columns = {
                key: [row[key] for row in self.class_scores.values()]
                for key in scores
            }
            table = class_table(list(self.class_scores), columns)
            logger.info('Instance scores by class (Cityscapes):\n' + table)
        logger.info(
            'Instance scores (Cityscapes): '
            + ', '.join(f'{k} {v:.2f}' for k, v in scores.items())
        )
        return scores

    def _read_truth(self, img_path: str) -> np.ndarray:
        """Read the instance ids that belong to an image. (H, W)."""
        root, folder, name = img_path.rpartition('leftImg8bit/')
        path = f'{root}gtFine/' + name.replace(
            '_leftImg8bit.png', '_gtFine_instanceIds.png'
        )
        if not folder or not fileio.exists(path, self.backend_args):
            raise FileNotFoundError(
                f'{path} does not exist. CityscapesAPMetric needs the '
                'folders of the download, leftImg8bit/ and gtFine/ in '
                'data_root; elsewhere use InstanceAPMetric.'
            )
        with fileio.get_local_path(path, self.backend_args) as local:
            return np.array(Image.open(local)).astype(np.int64)

    def _match(self, sample: dict, truth: np.ndarray) -> dict:
        """Overlap every mask with every true instance of its class.

        Args:
            sample: Predicted sample.
            truth: Instance ids. (H, W).

        Returns:
            `groundTruth` and `prediction`: areas and overlaps by class.
        """
        labels = self.official.labels
        ids = np.unique(truth)
        places = np.searchsorted(ids, truth)
        areas = np.bincount(places.ravel(), minlength=len(ids))
        is_void = np.isin(ids, [one.id for one in labels if one.ignoreInEval])
        label_ids = [i if i < 1000 else i // 1000 for i in ids.tolist()]
        class_names = [self.official.id2label[i].name for i in label_ids]
        true = [
            # Distances are not measured: the values of the official script.
            dict(
                instID=int(ids[i]),
                labelID=label_ids[i],
                pixelCount=int(areas[i]),
                medDist=-1,
                distConf=0.0,
            )
            for i in range(len(ids))
        ]
        matched = [dict(instance, matchedPred=[]) for instance in true]
        predicted = {name: [] for name in self.settings.instLabels}
        for number, (name, score, mask) in enumerate(self._masks(sample)):
            if mask.shape != truth.shape:
                raise ValueError(
                    f'{sample["img_path"]}: the masks are {mask.shape}, the '
                    f'ground truth {truth.shape}: predictions must have the '
                    'original size.'
                )
            overlap = np.bincount(places[mask], minlength=len(ids))
            instance = dict(
                predID=number,
                labelID=self.official.name2label[name].id,
                pixelCount=int(overlap.sum()),
                confidence=score,
                voidIntersection=int(overlap[is_void].sum()),
            )
            if not instance['pixelCount']:
                continue
            hits = [
                (i, int(overlap[i]))
                for i in overlap.nonzero()[0]
                if class_names[i] == name
            ]
            for i, area in hits:
                matched[i]['matchedPred'].append(
                    dict(instance, intersection=area)
                )
            instance['matchedGt'] = [
                dict(true[i], intersection=area) for i, area in hits
            ]
            predicted[name].append(instance)
        of_class = {name: [] for name in self.settings.instLabels}
        for name, instance in zip(class_names, matched, strict=True):
            if name in of_class:
                of_class[name].append(instance)
        return dict(groundTruth=of_class, prediction=predicted)

    def _masks(self, sample: dict) -> list[tuple[str, float, np.ndarray]]:
        """List class name, score and mask of the predicted things."""
        prediction = prediction_of(
            sample, 'pred_instances', 'instance_on', type(self).__name__
        )
        classes = self.dataset_meta['classes']
        return [
            (classes[label], score, mask)
            for label, score, mask in zip(
                prediction['labels'].tolist(),
                prediction['scores'].tolist(),
                prediction['masks'].cpu().numpy().astype(bool),
                strict=True,
            )
            if classes[label] in self.settings.instLabels
        ]
