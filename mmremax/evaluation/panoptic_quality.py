"""Panoptic quality of id maps, equal to panopticapi's to the last digit."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmremax.utils.constants import VOID_ID

_OFFSET = 1 << 24  # larger than every segment id


@dataclass
class PQCounts:
    """What panoptic quality is made of, by class; sums up over images.

    Attributes:
        iou: Sum of the IoU of matched pairs. (K,), float64.
        tp: Matched pairs. (K,), int64.
        fp: Unmatched predicted segments. (K,), int64.
        fn: Unmatched true segments. (K,), int64.
    """

    iou: np.ndarray
    tp: np.ndarray
    fp: np.ndarray
    fn: np.ndarray

    @classmethod
    def zeros(cls, num_classes: int) -> 'PQCounts':
        """Make counts of nothing."""
        return cls(
            np.zeros(num_classes),
            *(np.zeros(num_classes, np.int64) for _ in range(3)),
        )

    def __iadd__(self, other: 'PQCounts') -> 'PQCounts':
        self.iou += other.iou
        self.tp += other.tp
        self.fp += other.fp
        self.fn += other.fn
        return self

    def scores(self) -> np.ndarray:
        """Compute the scores by class.

        Returns:
            PQ, SQ and RQ in [0, 1]; NaN for a class that is neither in the
            ground truth nor predicted. (K, 3).
        """
        size = self.tp + 0.5 * self.fp + 0.5 * self.fn
        size = np.where(size > 0, size, np.nan)
        matched = np.where(size > 0, np.maximum(self.tp, 1), np.nan)
        return np.stack(
            [self.iou / size, self.iou / matched, self.tp / size], -1
        )


def average_scores(scores: np.ndarray) -> np.ndarray:
    """Average over the classes that were seen.

    Args:
        scores: From :meth:`PQCounts.scores`, or some rows of it. (K, 3).

    Returns:
        PQ, SQ, RQ in [0, 1]; NaN if no class was seen. (3,).
    """
    seen = scores[~np.isnan(scores[:, 0])]
    if not len(seen):
        return np.full(3, np.nan)
    # One after the other, as panopticapi adds: the last digit depends on it.
    return np.cumsum(seen, axis=0)[-1] / len(seen)


def panoptic_quality(
    pred_map: np.ndarray,
    pred_labels: dict[int, int],
    gt_map: np.ndarray,
    gt_segments: list[dict],
    num_classes: int,
) -> PQCounts:
    """Match the segments of one image and count hits and misses.

    A pair matches if it is of one class and its IoU, without what the
    prediction has on void, exceeds 1/2. Crowds are neither hit nor missed.
    An unmatched prediction counts unless more than half of it lies on void
    and on the (last) crowd of its class. True ids that the table lacks are
    no void: they match nothing, and predictions there count.

    Paper: Kirillov et al., Panoptic Segmentation (CVPR 2019), section 4;
    details as in panopticapi.

    Args:
        pred_map: Predicted segment ids in [0, 2 ** 24), 0 is void. (H, W).
        pred_labels: Class of each predicted id.
        gt_map: True segment ids in [0, 2 ** 24), 0 is void. (H, W).
        gt_segments: Dicts with `id`, `category`, `iscrowd` and `area` (of
            the annotation file; None is counted here).
        num_classes: K.

    Returns:
        Counts of this image.

    Raises:
        ValueError: The maps differ in size, the prediction's map and table
            disagree, or a class is not in [0, K).
    """
    if pred_map.shape != gt_map.shape:
        raise ValueError(
            f'The prediction is {pred_map.shape}, the ground truth '
            f'{gt_map.shape}: predictions must have the original size.'
        )
    codes, overlap = np.unique(
        gt_map.astype(np.int64) * _OFFSET + pred_map, return_counts=True
    )
    gt_of, pred_of = np.divmod(codes, _OFFSET)
    pred_ids, pred_place = np.unique(pred_of, return_inverse=True)
    pred_area = np.bincount(pred_place, overlap, len(pred_ids))
    pred_class = _classes_of(pred_ids, pred_labels, num_classes)
    truth = _Truth.from_table(gt_segments, gt_of, overlap, num_classes)

    gt_place = truth.place(gt_of)
    on_void = _areas(pred_place, overlap, gt_of == VOID_ID, len(pred_ids))
    union = (
        pred_area[pred_place]
        + truth.area[gt_place]
        - overlap
        - on_void[pred_place]
    )
    same = (pred_class[pred_place] == truth.label[gt_place]) & (
        pred_of != VOID_ID
    )
    comparable = (gt_place >= 0) & ~truth.iscrowd[gt_place] & same
    iou = np.where(comparable, overlap, 0) / np.where(comparable, union, 1)
    hit = iou > 0.5
    hit_class = pred_class[pred_place[hit]]

    missed = ~truth.iscrowd
    missed[gt_place[hit]] = False
    missed[-1] = False  # the entry of unlisted ids

    own_crowd = same & truth.is_last_crowd[gt_place]
    on_crowd = _areas(pred_place, overlap, own_crowd, len(pred_ids))
    false = (pred_ids != VOID_ID) & ((on_void + on_crowd) / pred_area <= 0.5)
    false[pred_place[hit]] = False
    return PQCounts(
        iou=np.bincount(hit_class, iou[hit], num_classes),
        tp=np.bincount(hit_class, minlength=num_classes),
        fp=np.bincount(pred_class[false], minlength=num_classes),
        fn=np.bincount(truth.label[missed], minlength=num_classes),
    )


@dataclass
class _Truth:
    """The segment table as arrays; the last entry is for unlisted ids."""

    ids: np.ndarray
    label: np.ndarray
    area: np.ndarray
    iscrowd: np.ndarray
    is_last_crowd: np.ndarray

    @classmethod
    def from_table(
        cls,
        segments: list[dict],
        gt_of: np.ndarray,
        overlap: np.ndarray,
        num_classes: int,
    ) -> '_Truth':
        """Read the table; areas that it lacks are counted."""
        areas, last_crowd = [], {}
        for i, segment in enumerate(segments):
            area = segment.get('area')
            if area is None:
                area = int(overlap[gt_of == segment['id']].sum())
            areas.append(area)
            if segment['iscrowd']:
                last_crowd[segment['category']] = i
            if not 0 <= segment['category'] < num_classes:
                raise ValueError(
                    f'True segment {segment["id"]} has the class '
                    f'{segment["category"]}, not in [0, {num_classes}).'
                )
        count = len(segments)
        is_last_crowd = np.zeros(count + 1, bool)
        is_last_crowd[list(last_crowd.values())] = True
        return cls(
            ids=np.array([s['id'] for s in segments], np.int64),
            label=np.array([s['category'] for s in segments] + [-1]),
            area=np.array([*areas, 0], np.float64),
            iscrowd=np.array([bool(s['iscrowd']) for s in segments] + [False]),
            is_last_crowd=is_last_crowd,
        )

    def place(self, ids: np.ndarray) -> np.ndarray:
        """Row of each id, -1 (the last row) for void and unlisted ids."""
        rows = {int(segment_id): i for i, segment_id in enumerate(self.ids)}
        return np.array([rows.get(int(i), -1) for i in ids], np.int64)


def _classes_of(
    pred_ids: np.ndarray, pred_labels: dict[int, int], num_classes: int
) -> np.ndarray:
    """Class of each predicted id, -2 for void; map and table must agree."""
    present = set(pred_ids.tolist()) - {VOID_ID}
    if present != set(pred_labels):
        odd = min(present ^ set(pred_labels))
        raise ValueError(
            f'Predicted segment {odd} is in the map or in the table only.'
        )
    for segment_id, label in pred_labels.items():
        if not 0 <= label < num_classes:
            raise ValueError(
                f'Predicted segment {segment_id} has the class {label}, not '
                f'in [0, {num_classes}).'
            )
    return np.array([pred_labels.get(i, -2) for i in pred_ids.tolist()])


def _areas(
    place: np.ndarray, overlap: np.ndarray, chosen: np.ndarray, count: int
) -> np.ndarray:
    """Area of each predicted segment within the chosen true ones."""
    return np.bincount(place[chosen], overlap[chosen], count)


def bootstrap_pq(
    counts: Sequence[PQCounts],
    num_things: int,
    num_images: int | None = None,
    num_draws: int = 1000,
    seed: int = 0,
) -> np.ndarray:
    """Score images that are drawn again and again, with replacement.

    The standard deviation over the draws is the standard error of the score.
    Two models' counts of the same images, drawn with the same seed, give
    paired draws: their difference has the error of the comparison.

    Paper: Efron, Bootstrap Methods (Annals of Statistics 1979); images are
    the unit, for segments of one image are not independent.

    Args:
        counts: Of each image.
        num_things: Number of thing classes; they come first.
        num_images: Number of images of a draw; None is that of ``counts``.
            Another number estimates the error of a set of that size.
        num_draws: D.
        seed: Of the draws.

    Returns:
        PQ in [0, 1] over all classes, things and stuff; classes that a draw
        lacks do not count, NaN if it lacks all. (D, 3).

    Raises:
        ValueError: There are no counts.
    """
    if not counts:
        raise ValueError('There is no scored image to draw from.')
    table = np.array([(c.iou, c.tp, c.fp, c.fn) for c in counts], float)
    num_scored = len(counts)
    weights = np.random.default_rng(seed).multinomial(
        num_images or num_scored,
        np.full(num_scored, 1 / num_scored),
        num_draws,
    )
    sums = weights @ table.reshape(num_scored, -1)
    sums = sums.reshape(num_draws, *table.shape[1:]).swapaxes(0, 1)
    quality = PQCounts(*sums).scores()[..., 0]  # (D, K)
    parts = (quality, quality[:, :num_things], quality[:, num_things:])
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', 'Mean of empty slice')
        return np.stack([np.nanmean(part, 1) for part in parts], 1)
