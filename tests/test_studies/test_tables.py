"""Tables against hand arithmetic."""

import json

import numpy as np
import pandas as pd
import pytest

from mmremax.studies import result as tables
from mmremax.studies.result import read_result
from mmremax.studies.study import StudyError
from tests.helpers.toy_result import write_result


def cells(table: str) -> list[list[str]]:
    return [line[2:-2].split(' | ') for line in table.splitlines()]


def test_paired_interval():
    """Differences 1, 2, 6 of seeds 0, 1, 3; seeds 2 and 4 have no partner.

    Mean 3, s = sqrt((4 + 1 + 9) / 2) = 2.6458, s / sqrt(3) = 1.5275; with
    two degrees of freedom t is 4.3027: 3 +- 6.5724.
    """
    values = pd.Series({0: 11.0, 1: 22.0, 2: 5.0, 3: 36.0})
    baseline = pd.Series({3: 30.0, 1: 20.0, 0: 10.0, 4: 7.0})
    interval = tables.paired_interval(values, baseline)
    assert interval == pytest.approx((3.0, -3.5724, 9.5724), abs=1e-4)
    one = tables.paired_interval(values[[0]], baseline)
    assert one[0] == 1.0
    assert np.isnan(one[1:]).all()
    equal = tables.paired_interval(values[[0]].reindex([0, 9], fill_value=1),
                                   pd.Series({0: 10.0, 9: 0.0}))  # fmt: skip
    assert equal == (1.0, 1.0, 1.0)
    assert np.isnan(tables.paired_interval(values[[2]], baseline)).all()


def test_scores(tmp_path):
    """Differences 3 and 4: mean 3.5, s / sqrt(2) = 0.5, t = 12.706."""
    result = read_result(write_result(tmp_path))
    table = tables.score_table(result, scores=['PQ', 'PQ_th'])
    remax = '+3.5 [-2.9, +9.9]'
    assert cells(table) == [
        ['arm', 'PQ', 'PQ by seed', 'PQ_th by seed', 'difference'],
        ['---'] * 5,
        ['kMaX', '41.0 ± 1.4', '40.0 / 42.0', '20.0 / 21.0', ''],
        ['ReMaX', '44.5 ± 2.1', '43.0 / 46.0', '21.5 / 23.0', remax],
        ['late', '40.0', '40.0', '20.0', '-2.0'],
    ]
    chosen = result.select(['kmax', 'remax'])
    table = tables.score_table(chosen, baseline='remax')
    assert [row[-1] for row in cells(table)[2:]] == ['-3.5 [-9.9, +2.9]', '']
    # Without the study's baseline the first arm takes its place.
    table = tables.score_table(result.select(['remax', 'late']))
    assert [row[-1] for row in cells(table)[2:]] == ['', '-6.0']
    with pytest.raises(StudyError, match="no arm 'arm7'; it has kmax, rem"):
        result.select(['arm7'])
    with pytest.raises(StudyError, match="no score 'SQ'; it has PQ, PQ_th"):
        tables.score_table(result, scores=['SQ'])


def test_numbers_of_images(tmp_path):
    """Named where all arms have the same."""
    path = write_result(tmp_path)
    content = json.loads(path.read_text())
    for arm, val in zip(content['arms'], (4, 4, 5), strict=True):
        arm['images'] = [60, val]
    path.write_text(json.dumps(content))
    result = read_result(path)
    table = tables.score_table(result.select(['kmax', 'remax']))
    assert cells(table)[0][0] == 'arm, 60 + 4 images'
    assert cells(tables.score_table(result))[0][0] == 'arm'


def test_curve(tmp_path):
    result = read_result(write_result(tmp_path))
    assert cells(tables.curve_table(result.select(['remax', 'kmax']))) == [
        ['PQ after', '10 steps', '20 steps'],
        ['---'] * 3,
        ['ReMaX', '34.5', '44.5'],
        ['kMaX', '31.0', '41.0'],
    ]


def test_diagnostics(tmp_path):
    """log10 of 10 and 1000 has the mean 2; of the second layer's 100, 2."""
    result = read_result(write_result(tmp_path))
    table = tables.diagnostic_table(
        result.select(['kmax', 'late']), ['ratio'], [(10, 20)], log10=True
    )
    assert cells(table)[2:] == [['kMaX', '2.00 / 2.00']]
    table = tables.diagnostic_table(
        result, ['ratio'], [(0, 5), (10, 20)], over_layers=True
    )
    assert cells(table)[0][1:] == ['ratio, steps 0-5', 'ratio, steps 10-20']
    assert cells(table)[2] == ['kMaX', '1.00', '302.50']
    with pytest.raises(StudyError, match='no arm logged m_hat in steps 1-2'):
        tables.diagnostic_table(result, ['m_hat'], [(1, 2)])


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('{', 'JSONDecodeError'),
        ('[]', 'TypeError'),
        ('{}', "KeyError: 'schema'"),
        ({'schema': 2}, 'it has schema 2, not 1'),
        ({'study': {}}, "KeyError: 'metric'"),
        ({'arms': []}, 'no run is finished'),
    ],
)
def test_no_result(tmp_path, content, message):
    path = write_result(tmp_path)
    if isinstance(content, dict):
        content = json.dumps(json.loads(path.read_text()) | content)
    path.write_text(content)
    with pytest.raises(StudyError, match=message):
        read_result(path)


def test_first_error_is_told(tmp_path):
    with pytest.raises(StudyError, match=r'nowhere is no result .*No such'):
        read_result(tmp_path / 'nowhere')
    path = write_result(tmp_path, status='failed', error='no memory')
    with pytest.raises(StudyError, match='no run is finished; no memory'):
        read_result(path)
