"""mmseg's mean IoU, and that of some of the classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from mmseg.evaluation.metrics import IoUMetric
from mmseg.registry import METRICS


@METRICS.register_module()
class ClassGroupIoUMetric(IoUMetric):
    """mmseg's IoUMetric with the mean IoU of groups of classes beside mIoU.

    Args:
        groups: Names of classes by name of the group; `rare=('pole',)`
            gives the score `mIoU_rare`.
        **kwargs: See IoUMetric.

    Raises:
        ValueError: The data has no class of a name.
    """

    def __init__(
        self, groups: Mapping[str, Iterable[str]], **kwargs: object
    ) -> None:
        super().__init__(**kwargs)
        self.groups = groups

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Sum up the images; scores are in percent."""
        scores = super().compute_metrics(results)
        areas = zip(*results, strict=True)
        intersection, union = (
            sum(next(areas)).double().numpy() for _ in range(2)
        )
        with np.errstate(invalid='ignore'):  # 0 / 0: a class that is absent
            iou = 100 * intersection / union
        classes = list(self.dataset_meta['classes'])
        for name, members in self.groups.items():
            if unknown := set(members) - set(classes):
                raise ValueError(
                    f'ClassGroupIoUMetric: groups[{name!r}]: the data has no '
                    f'class {", ".join(sorted(unknown))}, but '
                    f'{", ".join(classes)}.'
                )
            places = [classes.index(member) for member in members]
            scores[f'mIoU_{name}'] = float(np.nanmean(iou[places]))
        return scores
