"""Draws scores and records over iterations, and histograms over training."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from .data import (
    Arm,
    Result,
)
from .panel import (
    PAPER,
    Draw,
)
from .records import (
    Series,
    curve_of,
    histogram_of,
    mean_series,
    record_of,
    smooth,
)

RATIO = 'log10_fp_fn'  # histograms of it are named so, then by layer


def convergence(axes: Axes, result: Result) -> bool:
    """Draw the score over iterations: the mean, each seed, failed runs."""
    metric, any_data = result.metric, False
    for arm in result.arms:
        finished = [curve_of(run, metric) for run in arm.finished]
        finished = [series for series in finished if len(series[0])]
        if len(finished) > 1:
            for series in finished:
                axes.plot(
                    *series, color=arm.style.colour, linewidth=0.8, alpha=0.4
                )
        any_data |= _draw_mean(axes, arm, mean_series(finished))
        for run in arm.runs:
            if run['status'] != 'finished':
                _draw_unfinished(axes, arm, curve_of(run, metric), run)
    _finish_curve(axes, metric)
    if result.study.get('higher_is_better', True):
        axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
    return any_data


def histogram(name: str) -> Draw:
    """Make the function that draws one histogram, a curve for each arm."""

    def draw(axes: Axes, result: Result) -> bool:
        any_data = False
        for arm in result.arms:
            found = histogram_of(arm, name)
            if found is None:
                continue
            any_data = True
            edges, counts = found
            share = 100 * counts / counts.sum()
            axes.stairs(share, edges, fill=True, color=arm.style.colour,
                        alpha=0.16)  # fmt: skip
            axes.stairs(
                share,
                edges,
                color=arm.style.colour,
                linestyle=arm.style.line,
                linewidth=1.8,
                label=arm.title,
            )
        is_ratio = name.startswith(RATIO)
        axes.set_xlabel(
            'log10(FP / FN) of the mask loss' if is_ratio else name
        )
        axes.set_ylabel('share of the records, %')
        axes.set_ylim(bottom=0)
        return any_data

    return draw


def loss_term(name: str) -> Draw:
    """Make the function that draws one loss term over iterations."""
    return _records('losses', name, name)


def diagnostic(name: str) -> Draw:
    """Make the function that draws one diagnostic over iterations."""
    return _records('diagnostics', name, name)


def gradient_norm(axes: Axes, result: Result) -> bool:
    """Draw the gradient's norm over iterations."""
    return _records('grad_norm', 'value', 'gradient norm')(axes, result)


def _records(kind: str, name: str, label: str) -> Draw:
    """Draw a record of all runs, smoothed, on a logarithmic scale."""

    def read(run: dict) -> Series:
        steps, values = record_of(run, kind, name)
        return steps, smooth(values, len(values) // 40)

    def draw(axes: Axes, result: Result) -> bool:
        lowest = np.inf
        for arm in result.arms:
            finished = [read(run) for run in arm.finished]
            partial = [r for r in arm.runs if r['status'] != 'finished']
            _draw_mean(axes, arm, mean_series(finished), '')
            for run in partial:
                _draw_unfinished(axes, arm, read(run), run)
            for _, values in [*finished, *map(read, partial)]:
                lowest = min(lowest, values.min(initial=np.inf))
        if 0 < lowest < np.inf:
            axes.set_yscale('log')
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter('{x:g}')
            axes.yaxis.set_minor_formatter(NullFormatter())
        _finish_curve(axes, label)
        return bool(np.isfinite(lowest))

    return draw


def _draw_mean(
    axes: Axes, arm: Arm, series: Series, marker: str | None = None
) -> bool:
    """Draw an arm's main line, with markers where points are few."""
    steps, values = series
    if not len(steps):
        return False
    if marker is None:
        marker = arm.style.marker if len(steps) <= 20 else ''
    axes.plot(
        steps,
        values,
        color=arm.style.colour,
        linestyle=arm.style.line,
        marker=marker,
        markersize=5.5,
        markeredgecolor=PAPER,
        markeredgewidth=0.7,
        label=arm.title,
    )
    return True


def _draw_unfinished(axes: Axes, arm: Arm, series: Series, run: dict) -> None:
    """Draw a run without an end; a cross shows where it failed."""
    steps, values = series
    if not len(steps):
        return
    axes.plot(
        steps,
        values,
        color=arm.style.colour,
        linewidth=1.1,
        linestyle='--',
        label=arm.title,  # the legend shows an arm's first line
    )
    if run['status'] == 'failed':
        axes.plot(
            steps[-1],
            values[-1],
            marker='x',
            markersize=8,
            markeredgewidth=2,
            color=arm.style.colour,
        )


def _finish_curve(axes: Axes, label: str) -> None:
    """Name the axes of a curve."""
    axes.set_xlabel('iteration')
    axes.set_ylabel(label)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_formatter('{x:,.0f}')
