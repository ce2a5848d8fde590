"""Average precision of instances as Cityscapes defines it."""

import copy
import warnings
from importlib import import_module

import numpy as np
from mmdet.registry import METRICS

from mmremax.datasets.panoptic_png import read_labels

from .streaming_metric import StreamingMetric


@METRICS.register_module()
class CityscapesAPMetric(StreamingMetric):
    """Overlaps masks and instances at once; cityscapesscripts scores.

    Needs `model.test_cfg.instance_on=True`, and the images in their folders
    of the download: the truth is read from `gtFine/*_instanceIds.png`
    beside `leftImg8bit`, as the official script does. (The panoptic PNG has
    less: it does not tell the kinds of void apart. mmdet's
    ``CityScapesMetric`` writes a PNG for each predicted mask.)

    Reads `pred_instances` of each sample, with `labels`, `scores` and
    `masks` (N, H, W), where stuff is left out; and `img_path`.

    Returns in percent: `AP`, over thresholds from 0.5 to 0.95, and `AP50`.
    `class_scores` has both by class. Arguments are ``StreamingMetric``'s.
    """

    default_prefix = 'cityscapes'
    needs_truth = False  # the download has it
    label_remedy = (
        'CityscapesAPMetric needs the folders of the download, leftImg8bit/ '
        'and gtFine/ in data_root; elsewhere use InstanceAPMetric.'
    )

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        scripts = 'cityscapesscripts.evaluation.'
        try:
            self.official = import_module(
                f'{scripts}evalInstanceLevelSemanticLabeling'
            )
            self.describe = import_module(f'{scripts}instance').Instance
        except ImportError as error:
            raise ImportError(
                'CityscapesAPMetric needs cityscapesscripts: '
                'pip install cityscapesscripts'
            ) from error
        self.settings = copy.copy(self.official.args)
        self.official.setInstanceLabels(self.settings)

    def score_image(self, sample: dict) -> dict:
        """Overlap every mask with every true instance of its class.

        Returns areas and overlaps by class as the official script has them.
        """
        lacking = set(self.settings.instLabels)
        if lacking := sorted(lacking - set(self.dataset_meta['classes'])):
            raise ValueError(
                f'The data lack the Cityscapes classes {", ".join(lacking)}: '
                'use InstanceAPMetric.'
            )
        path = self.label_path(sample)
        truth = read_labels(path, self.label_remedy, self.backend_args)
        ids = np.unique(truth)
        places = np.searchsorted(ids, truth)
        # Without distances: the script leaves them at its defaults, too.
        true = [self.describe(truth, i).toDict() for i in ids]
        kinds = [self.official.id2label[t['labelID']] for t in true]
        is_void = np.array([kind.ignoreInEval for kind in kinds])
        matched = [dict(instance, matchedPred=[]) for instance in true]
        predicted = {name: [] for name in self.settings.instLabels}
        masks = self.instances_of(sample, truth.shape)
        for number, (label, score, mask) in enumerate(masks):
            name = self.dataset_meta['classes'][label]
            overlap = np.bincount(places[mask > 0], minlength=len(ids))
            if name not in predicted or not overlap.any():
                continue
            instance = dict(
                predID=number,
                labelID=self.official.name2label[name].id,
                pixelCount=int(overlap.sum()),
                confidence=score,
                voidIntersection=int(overlap[is_void].sum()),
            )
            hits = []
            for i in overlap.nonzero()[0]:
                if kinds[i].name == name:
                    area = dict(intersection=int(overlap[i]))
                    matched[i]['matchedPred'].append(instance | area)
                    hits.append(true[i] | area)
            predicted[name].append(dict(instance, matchedGt=hits))
        of_class = {name: [] for name in self.settings.instLabels}
        for kind, instance in zip(kinds, matched, strict=True):
            if kind.name in of_class:
                of_class[kind.name].append(instance)
        return dict(groundTruth=of_class, prediction=predicted)

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Let cityscapesscripts score the matches."""
        curves = self.official.evaluateMatches(
            dict(enumerate(results)), self.settings
        )
        with warnings.catch_warnings():
            warnings.filterwarnings('ignore', 'Mean of empty slice')
            averages = self.official.computeAverages(curves, self.settings)
        rows = averages['classes']
        columns = dict(
            AP=[100 * float(row['ap']) for row in rows.values()],
            AP50=[100 * float(row['ap50%']) for row in rows.values()],
        )
        scores = dict(
            AP=100 * float(averages['allAp']),
            AP50=100 * float(averages['allAp50%']),
        )
        self.report('Cityscapes instance scores', scores, list(rows), columns)
        return scores

    def label_path(self, info: dict) -> str:
        """Name the map of instance ids that belongs to an image."""
        root, _, name = info['img_path'].rpartition('leftImg8bit/')
        return f'{root}gtFine/' + name.replace(
            '_leftImg8bit.png', '_gtFine_instanceIds.png'
        )
