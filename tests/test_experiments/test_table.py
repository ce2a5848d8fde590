"""The printed table of a study."""

from rich.console import Console

from mmremax.experiments import result_table
from tests.helpers.result_fixture import make_result


def printed(result: dict) -> str:
    console = Console(width=80)
    with console.capture() as capture:
        console.print(result_table(result))
    return capture.get()


def test_80_columns_cut_nothing() -> None:
    result = make_result()
    text = printed(result)
    assert '…' not in text
    for arm in result['arms']:
        assert arm['name'] in text
    baseline, other = result['arms'][:2]
    assert result['study']['baseline'] == baseline['name']
    pair = other['paired']['PQ']
    assert f'{pair["mean"]:+.1f}' in text
    assert f'{pair["low"]:+.1f} to {pair["high"]:+.1f}' in text
    summary = baseline['summary']['PQ']
    assert f'{summary["mean"]:.1f} ± {summary["spread"]:.1f}' in text


def test_one_run_has_neither_spread_nor_difference() -> None:
    result = make_result()
    for arm in result['arms']:
        arm['runs'] = arm['runs'][:1]
        arm['paired'] = {}
        arm['summary']['PQ'].update(spread=None, n=1)
    text = printed(result)
    assert '±1' in text  # the title of the column
    assert '± ' not in text
    assert ' to ' not in text.replace('difference: to', '')
