"""What the metrics share: the truth is perfect, the json has every class."""

import json
import math
import threading

import numpy as np
import pytest
import torch

from mmremax.evaluation import (
    CityscapesAPMetric,
    InstanceAPMetric,
    MeanIoUMetric,
    PanopticQualityMetric,
    write_scores,
)
from mmremax.evaluation.streaming_metric import StreamingMetric
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


class Waiting(StreamingMetric):
    """Scores image 0 when it is let, and the others at once."""

    def __init__(self) -> None:
        super().__init__()
        self.let, self.scored_others = threading.Event(), threading.Event()
        self.scored = []

    def score_image(self, sample: dict) -> int:
        image = sample['img_id']
        if image == 0:
            assert self.let.wait(timeout=60)
        if image == 7:
            raise ValueError('image 7 is odd')
        self.scored.append(image)
        if len(self.scored) == 2:
            self.scored_others.set()
        return image

    def compute_metrics(self, results: list) -> dict:
        return dict(images=list(results))


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_images_are_scored_beside_each_other(three_threads):
    metric = Waiting()
    metric.process({}, [dict(img_id=image) for image in range(3)])
    assert metric.scored_others.wait(timeout=60)  # image 0 is not done
    assert sorted(metric.scored) == [1, 2]
    metric.let.set()
    assert metric.results == [0, 1, 2]
    assert metric.evaluate(3) == dict(images=[0, 1, 2])
    assert metric.results == []
    metric.process({}, [dict(img_id=1)])  # and once more
    assert metric.evaluate(1) == dict(images=[1])


def test_few_predictions_are_held(three_threads):
    metric = Waiting()
    for image in range(3):
        metric.process({}, [dict(img_id=image)])
    timer = threading.Timer(0.5, metric.let.set)
    timer.start()
    metric.process({}, [dict(img_id=3)])  # waits for image 0
    assert metric.let.is_set()
    assert metric.evaluate(4) == dict(images=[0, 1, 2, 3])


def test_what_scoring_raises_is_raised(three_threads):
    metric = Waiting()
    metric.let.set()
    metric.process({}, [dict(img_id=7)])
    with pytest.raises(ValueError, match='image 7 is odd'):
        metric.process({}, [dict(img_id=image) for image in range(1, 7)])
    with pytest.raises(ValueError, match='image 7 is odd'):
        metric.evaluate(7)


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
