"""Numbers of a report: cells, verdicts, means, histograms."""

from pathlib import Path

import numpy as np
import pytest

from mmremax.experiments.report import (
    ReportError,
    load_result,
)
from mmremax.experiments.report.data import Arm
from mmremax.experiments.report.records import (
    histogram_of,
    mean_series,
    smooth,
    to_series,
)
from mmremax.experiments.report.tables import (
    difference_cells,
    format_time,
    score_cell,
    verdict,
)
from tests.helpers.result_fixture import make_result, write


def load(tmp_path: Path, **changes) -> tuple:
    """Load a made-up result of two arms, the pair set by hand."""
    content = make_result(num_arms=2, num_seeds=2)
    content['arms'][1]['paired']['PQ'] |= changes
    result = load_result(write(content, tmp_path))
    return result, result.arms[1]


@pytest.mark.parametrize(
    ('low', 'high', 'higher', 'word'),
    [
        (0.2, 3.0, True, 'better'),
        (-3.0, -0.2, True, 'worse'),
        (-3.0, -0.2, False, 'better'),
        (-0.1, 3.0, True, 'undecided'),
        (None, None, True, 'undecided'),
    ],
)
def test_verdict(
    tmp_path: Path, low: float, high: float, higher: bool, word: str
) -> None:
    result, arm = load(tmp_path, mean=1.4, low=low, high=high)
    result.study['higher_is_better'] = higher
    assert verdict(result, arm) == word
    assert verdict(result, result.arms[0]) == 'baseline'


def test_cells(tmp_path: Path) -> None:
    result, arm = load(tmp_path, mean=1.44, low=-0.26, high=3.14)
    assert difference_cells(result, arm) == ('+1.4', '[−0.3, +3.1]')
    arm.summary['PQ'] = dict(mean=34.56, spread=0.84, n=3)
    assert score_cell(arm, 'PQ') == '34.6 ± 0.8'
    arm.summary['PQ'] = dict(mean=0.4567, spread=0.0123, n=3)
    assert score_cell(arm, 'PQ') == '0.457 ± 0.012'
    arm.summary['PQ'] = dict(mean=34.56, spread=None, n=1)
    assert score_cell(arm, 'PQ') == '34.6'
    assert score_cell(arm, 'AP') == '–'
    result.arms[1].runs[0]['final']['PQ'] = 0.4
    result.arms[1].runs[1]['final']['PQ'] = 0.5
    cells = difference_cells(result, arm)
    assert cells == ('+1.440', '[−0.260, +3.140]')
    assert [format_time(s) for s in (42, 310, 3720)] == [
        '42 s', '5 min 10 s', '1 h 02 min',
    ]  # fmt: skip


def test_mean_is_over_common_iterations() -> None:
    one = to_series([100, 300, 200], [1, 3, 2])
    two = to_series([200, 300, 400], [4.0, None, 9])
    steps, values = mean_series([one, two])
    assert steps.tolist() == [200]
    assert values.tolist() == [3.0]


def test_smoothing_keeps_a_constant_and_averages() -> None:
    assert smooth(np.full(7, 2.0), 3).tolist() == [2.0] * 7
    assert smooth(np.array([0.0, 3.0, 6.0]), 3).tolist() == [1.5, 3.0, 4.5]
    assert len(smooth(np.ones(2), 5)) == 2


def histogram_arm(*records: dict) -> Arm:
    runs = [
        dict(seed=i, status='finished', histograms=dict(a=record))
        for i, record in enumerate(records)
    ]
    return Arm('x', 'x', '', {}, runs, {}, {}, None)


def test_histograms_are_added_over_seeds() -> None:
    one = dict(edges=[0, 1, 2], counts=[1, 2])
    two = dict(edges=[0, 1, 2], counts=[3, 0])
    edges, counts = histogram_of(histogram_arm(one, two), 'a')
    assert edges.tolist() == [0, 1, 2]
    assert counts.tolist() == [4, 2]
    assert histogram_of(histogram_arm(one), 'b') is None
    with pytest.raises(ReportError, match='different edges'):
        histogram_of(histogram_arm(one, dict(edges=[0, 2], counts=[1])), 'a')
