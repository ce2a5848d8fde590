"""What the metrics share: the truth is perfect, the json has every class."""

import json
import math

import numpy as np
import pytest

from mmremax.evaluation import (
    CityscapesAPMetric,
    InstanceAPMetric,
    MeanIoUMetric,
    PanopticQualityMetric,
    write_scores,
)
from tests.helpers.predictions import (
    evaluate,
    predictions,
    random_samples,
    true_samples,
)


@pytest.mark.parametrize(
    ('metric', 'predict', 'name', 'count'),
    [
        (PanopticQualityMetric, predictions, 'shapes', 9),
        (InstanceAPMetric, true_samples, 'shapes', 7),
        (MeanIoUMetric, true_samples, 'shapes', 3),
        (CityscapesAPMetric, true_samples, 'cityscapes', 2),
    ],
)
def test_the_truth_gives_100(metric, predict, name, count, request):
    data = request.getfixturevalue(name)
    metric = metric()
    scores = evaluate(metric, data, predict(data))
    assert len(scores) == count
    rows = [scores, *metric.class_scores.values()]
    values = np.array([v for row in rows for v in row.values()])
    assert values[~np.isnan(values)] == pytest.approx(100)


def test_scores_overall_and_by_class(shapes, tmp_path):
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
