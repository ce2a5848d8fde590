"""The json of an evaluation is strict json with every class."""

import json
import math
from pathlib import Path

from mmremax.datasets import PanopticDataset
from mmremax.evaluation import MeanIoUMetric, write_scores
from tests.helpers.random_predictions import evaluate, random_samples


def test_scores_overall_and_by_class(
    shapes: PanopticDataset, tmp_path: Path
) -> None:
    metric = MeanIoUMetric(prefix='mine')
    scores = evaluate(metric, shapes, random_samples(shapes))
    metric.class_scores['star']['IoU'] = float('nan')
    path = tmp_path / 'new/scores.json'
    write_scores(path, scores, [metric, object()])
    content = json.loads(path.read_text())
    assert content['scores'] == scores
    assert list(content['classes']) == ['mine']
    classes = content['classes']['mine']
    assert list(classes) == list(shapes.metainfo['classes'])
    assert classes.pop('star')['IoU'] is None
    for name, row in classes.items():
        expected = metric.class_scores[name]
        assert row.keys() == expected.keys()
        for key, value in expected.items():
            assert row[key] is None if math.isnan(value) else row[key] == value
