"""Panoptic quality of id maps, equal to panopticapi's to the last digit."""

import warnings
from collections import Counter
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
        return cls(np.zeros(num_classes), *np.zeros((3, num_classes), int))

    def __iadd__(self, other: 'PQCounts') -> 'PQCounts':
        for key, values in vars(other).items():
            vars(self)[key] += values
        return self

    def scores(self) -> np.ndarray:
        """Compute PQ, SQ and RQ by class, in [0, 1]. (K, 3).

        NaN for a class that is neither in the ground truth nor predicted.
        """
        size = self.tp + 0.5 * self.fp + 0.5 * self.fn
        size = np.where(size > 0, size, np.nan)
        matched = np.where(size > 0, np.maximum(self.tp, 1), np.nan)
        return np.stack(
            [self.iou / size, self.iou / matched, self.tp / size], -1
        )


def average_scores(scores: np.ndarray) -> np.ndarray:
    """Average rows of :meth:`PQCounts.scores` over the classes seen.

    Returns:
        PQ, SQ, RQ in [0, 1]; NaN if no class was seen. (3,).
    """
    seen = scores[~np.isnan(scores[:, 0])]
    if not len(seen):
        return np.full(3, np.nan)
    return seen.mean(0)


def panoptic_quality(
    pred_map: np.ndarray,
    pred_labels: dict[int, int],
    gt_map: np.ndarray,
    gt_segments: list[dict],
    num_classes: int,
    json_areas: bool = False,
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
        gt_map: True ones, likewise. (H, W).
        gt_segments: Dicts with `id`, `category`, `iscrowd`.
        num_classes: K.
        json_areas: Believe the `area` of `gt_segments`, where there is one,
            as panopticapi does; by default the pixels count.

    Raises:
        ValueError: The maps differ in size, the prediction's map and table
            disagree, a class is not in [0, K), or an area that is to be
            believed is smaller than the overlap.
    """
    overlap, gt_area, pred_area = _overlaps(gt_map, pred_map)
    odd = (set(pred_area) - {VOID_ID}) ^ set(pred_labels)
    if odd:
        raise ValueError(
            f'Predicted segment {min(odd)} is in the map or in the table only.'
        )
    _check_classes('Predicted', pred_labels, num_classes)
    gt_labels = {s['id']: s['category'] for s in gt_segments}
    _check_classes('True', gt_labels, num_classes)

    counts, hit = PQCounts.zeros(num_classes), set()
    last_crowd = {s['category']: s['id'] for s in gt_segments if s['iscrowd']}
    segments = {s['id']: s for s in gt_segments if not s['iscrowd']}
    for segment_id in segments:
        counts.fn[gt_labels[segment_id]] += 1  # until it is hit
    for (gt_id, pred_id), size in overlap.items():
        label = pred_labels.get(pred_id)
        if gt_id not in segments or gt_labels[gt_id] != label:
            continue
        area = segments[gt_id].get('area') if json_areas else None
        union = gt_area[gt_id] if area is None else area
        union += pred_area[pred_id] - size - overlap[VOID_ID, pred_id]
        if size > union:
            raise ValueError(
                f'Segment {gt_id} has the area {area} in the json and '
                f'{gt_area[gt_id]} pixels: leave json_areas out.'
            )
        if size / union > 0.5:
            hit.add(pred_id)
            counts.iou[label] += size / union
            counts.tp[label] += 1
            counts.fn[label] -= 1
    for pred_id in pred_labels.keys() - hit:
        label = pred_labels[pred_id]
        excused = overlap[VOID_ID, pred_id]
        if label in last_crowd:
            excused += overlap[last_crowd[label], pred_id]
        counts.fp[label] += excused / pred_area[pred_id] <= 0.5
    return counts


def _overlaps(
    gt_map: np.ndarray, pred_map: np.ndarray
) -> tuple[Counter, Counter, Counter]:
    """Count pixels by pair of true and predicted id, and by each."""
    if pred_map.shape != gt_map.shape:
        raise ValueError(
            f'The prediction is {pred_map.shape}, the ground truth '
            f'{gt_map.shape}: predictions must have the original size.'
        )
    # By runs of equal pairs, which are far fewer than pixels.
    gt_ids, pred_ids = gt_map.ravel(), pred_map.ravel()
    is_end = gt_ids[1:] != gt_ids[:-1]
    is_end |= pred_ids[1:] != pred_ids[:-1]
    ends = np.append(np.flatnonzero(is_end), gt_ids.size - 1)
    codes, places = np.unique(
        gt_ids[ends].astype(np.int64) * _OFFSET + pred_ids[ends],
        return_inverse=True,
    )
    sizes = np.bincount(places, np.diff(ends, prepend=-1)).astype(int)
    overlap, gt_area, pred_area = Counter(), Counter(), Counter()
    for code, size in zip(codes.tolist(), sizes.tolist(), strict=True):
        gt_id, pred_id = divmod(code, _OFFSET)
        overlap[gt_id, pred_id] = size
        gt_area[gt_id] += size
        pred_area[pred_id] += size
    return overlap, gt_area, pred_area


def _check_classes(
    what: str, labels: dict[int, int], num_classes: int
) -> None:
    for segment_id, label in labels.items():
        if not 0 <= label < num_classes:
            raise ValueError(
                f'{what} segment {segment_id} has the class {label}, not in '
                f'[0, {num_classes}).'
            )


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

    Returns:
        PQ in [0, 1] over all classes, things and stuff; classes that a draw
        lacks do not count, NaN if it lacks all. (D, 3).
    """
    if not counts:
        raise ValueError('There is no scored image to draw from.')
    table = np.array([(c.iou, c.tp, c.fp, c.fn) for c in counts], float)
    num_scored = len(counts)
    chances = np.full(num_scored, 1 / num_scored)
    weights = np.random.default_rng(seed).multinomial(
        num_images or num_scored, chances, num_draws
    )
    sums = weights @ table.reshape(num_scored, -1)
    sums = sums.reshape(num_draws, *table.shape[1:]).swapaxes(0, 1)
    quality = PQCounts(*sums).scores()[..., 0]  # (D, K)
    parts = (quality, quality[:, :num_things], quality[:, num_things:])
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', 'Mean of empty slice')
        return np.stack([np.nanmean(part, 1) for part in parts], 1)
