"""Tables for documents, against hand arithmetic; those of the docs."""

import runpy
import sys
from pathlib import Path

import pytest

from mmremax.experiments.report import (
    ReportError,
    load_result,
)
from mmremax.experiments.report.markdown import (
    curve_table,
    diagnostic_table,
    score_table,
)
from tests.helpers.result_fixture import make_result, write

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools/experiments/table.py'


def cells(table: str) -> list[list[str]]:
    return [line[2:-2].split(' | ') for line in table.splitlines()]


@pytest.fixture
def content() -> dict:
    """Two arms, two seeds, numbers to add up in the head."""
    result = make_result(num_arms=2, num_seeds=2)
    for arm, scores in zip(
        result['arms'], ((40.0, 42.0), (43.0, 46.0)), strict=True
    ):
        for run, score in zip(arm['runs'], scores, strict=True):
            run['final'] = dict(PQ=score, PQ_th=score / 2)
            run['curve'] = [
                dict(iter=10, PQ=score - 10),
                dict(iter=20, PQ=score),
            ]
            run['diagnostics'] = {
                'iter': [5, 10, 20],
                'd0.ratio': [1.0, 10.0, 1000.0],
                'd1.ratio': [1.0, None, 100.0],
            }
    return result


def test_scores(content: dict, tmp_path: Path) -> None:
    """Differences 3 and 4: mean 3.5, s / sqrt(2) = 0.5, t = 12.706."""
    result = load_result(write(content, tmp_path))
    assert cells(score_table(result, ['PQ', 'PQ_th'])) == [
        ['arm', 'PQ', 'PQ by seed', 'PQ_th by seed', 'difference'],
        ['---'] * 5,
        ['kMaX, softmax', '41.0 ± 1.4', '40.0 / 42.0', '20.0 / 21.0', ''],
        [
            'kMaX, sigmoid',
            '44.5 ± 2.1',
            '43.0 / 46.0',
            '21.5 / 23.0',
            '+3.5 [-2.9, +9.9]',
        ],
    ]


def test_one_seed_has_a_difference_without_interval(
    content: dict, tmp_path: Path
) -> None:
    del content['arms'][1]['runs'][0]
    result = load_result(write(content, tmp_path))
    row = cells(score_table(result, ['PQ'], ['arm1']))[-1]
    assert row == ['kMaX, sigmoid', '46.0', '46.0', '+4.0']


def test_another_baseline(content: dict, tmp_path: Path) -> None:
    result = load_result(write(content, tmp_path))
    table = score_table(result, ['PQ'], ['arm0', 'arm1'], baseline='arm1')
    assert [row[-1] for row in cells(table)[2:]] == ['-3.5 [-9.9, +2.9]', '']


def test_curve(content: dict, tmp_path: Path) -> None:
    result = load_result(write(content, tmp_path))
    assert cells(curve_table(result, 'PQ'))[2:] == [
        ['kMaX, softmax', '31.0', '41.0'],
        ['kMaX, sigmoid', '34.5', '44.5'],
    ]


def test_diagnostics(content: dict, tmp_path: Path) -> None:
    """log10 of 10 and 1000 has the mean 2; of the second stage's 100, 2."""
    result = load_result(write(content, tmp_path))
    table = diagnostic_table(result, ['ratio'], [(10, 20)], log10=True)
    assert cells(table)[2] == ['kMaX, softmax', '2.00 / 2.00']
    table = diagnostic_table(
        result, ['ratio'], [(0, 5), (10, 20)], over_stages=True
    )
    assert cells(table)[2] == ['kMaX, softmax', '1.00', '302.50']
    with pytest.raises(ReportError, match='no arm logged m_hat'):
        diagnostic_table(result, ['m_hat'], [(10, 20)])


def test_an_arm_without_runs_is_named(content: dict, tmp_path: Path) -> None:
    result = load_result(write(content, tmp_path))
    with pytest.raises(ReportError, match="no arm 'arm7'"):
        score_table(result, ['PQ'], ['arm7'])


@pytest.mark.parametrize('old', ['', '| old |\n| - |\n\n'])
def test_write_renews_the_tables_alone(
    content: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str
) -> None:
    result = write(content, tmp_path)
    document = tmp_path / 'doc.md'
    marker = f'<!-- table.py scores {result} --scores PQ -->\n\n'
    document.write_text(f'Before.\n\n{marker}{old}After.\n')
    monkeypatch.setattr(sys, 'argv', ['table.py', 'write', str(document)])
    runpy.run_path(str(TOOL), run_name='__main__')
    table = score_table(load_result(result), ['PQ'])
    assert document.read_text() == (f'Before.\n\n{marker}{table}\n\nAfter.\n')


def test_evidence_holds_what_its_results_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    tool = runpy.run_path(str(TOOL))
    text = Path('docs/evidence.md').read_text()
    assert len(tool['TABLE'].findall(text)) >= 6
    assert tool['renew'](text) == text
