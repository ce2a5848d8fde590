"""The table that a study prints."""

from __future__ import annotations

from statistics import mean

from rich.box import SIMPLE_HEAD
from rich.table import Table

from .progress import duration
from .statistics import pairs_needed


def result_table(result: dict) -> Table:
    """Compare the arms of a study by its metric.

    Args:
        result: Content of result.json.

    Returns:
        Finished runs, mean and spread, paired difference with its
        interval, the seeds that an interval of +- 1 would take, and the time
        of each arm.
    """
    study = result['study']
    score = study['metric'].rsplit('/', 1)[-1]
    table = Table(
        title=study['title'],
        caption=f'difference: to {study["baseline"]}, paired by seed',
        box=SIMPLE_HEAD,  # 80 columns are enough
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column('arm', no_wrap=True)
    for title in (
        'runs',
        score,
        'differ-\nence',
        '95 %\ninterval',
        'seeds\nfor ±1',
        'time',
    ):
        table.add_column(title, justify='right', no_wrap=True)
    for arm in result['arms']:
        runs = [r for r in arm['runs'] if r['status'] == 'finished']
        failed = sum(r['status'] == 'failed' for r in arm['runs'])
        count = f'{len(runs)}/{len(arm["runs"])}'
        if failed:
            count += f', {failed} failed'
        table.add_row(
            arm['name'],
            count,
            _mean_and_spread(arm['summary'].get(score)),
            *_difference(arm['paired'].get(score)),
            duration(mean(r['wall_s'] for r in runs)) if runs else '',
        )
    return table


def _mean_and_spread(summary: dict | None) -> str:
    if summary is None:
        return ''
    if summary['spread'] is None:
        return f'{summary["mean"]:.1f}'
    return f'{summary["mean"]:.1f} ± {summary["spread"]:.1f}'


def _difference(paired: dict | None) -> tuple[str, str, str]:
    if paired is None:
        return '', '', ''
    return (
        f'{paired["mean"]:+.1f}',
        f'{paired["low"]:+.1f} to {paired["high"]:+.1f}',
        str(pairs_needed(paired['differences'])),
    )
