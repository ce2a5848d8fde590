"""Scores of an evaluation as json."""

import json
import math
from collections.abc import Iterable
from pathlib import Path

from mmengine.evaluator import BaseMetric


def write_scores(
    path: str | Path, scores: dict[str, float], metrics: Iterable[BaseMetric]
) -> None:
    """Write what an evaluation gave, overall and by class.

    Args:
        path: File to write: `scores` by name, and `classes`: scores by
            class and key of each metric that has `class_scores`, under the
            metric's prefix. What is undefined is null.
        scores: What the evaluation returned.
        metrics: The evaluator's metrics, after it.
    """
    classes = {
        metric.prefix: metric.class_scores
        for metric in metrics
        if getattr(metric, 'class_scores', None)
    }
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = _plain(dict(scores=scores, classes=classes))
    path.write_text(json.dumps(content, indent=1, allow_nan=False))


def _plain(value: object) -> object:
    """Turn NaN into None and NumPy's numbers into Python's."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if hasattr(value, 'item'):
        value = value.item()
    undefined = isinstance(value, float) and math.isnan(value)
    return None if undefined else value
