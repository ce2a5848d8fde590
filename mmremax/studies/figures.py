"""The figures of a study: scores by iteration, differences, FP / FN."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmremax_runtime.files import write_files

from .result import Result, paired_interval
from .study import StudyError

# Okabe and Ito, told apart by color-blind readers; the baseline is grey.
COLORS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9')
GREY = '#7a828c'
LEGEND = dict(loc='outside upper left', ncols=2, frameon=False, fontsize=8)
EDGES = np.linspace(-2, 5, 71)  # of log10(FP / FN)


def draw(kind: str, results: Sequence[Result], out: str | Path) -> None:
    """Draw one of `FIGURES` into a PNG, a panel for each of the results.

    Arms of one title have one color in all panels. A StudyError where one
    is empty.
    """
    titles = {
        r.titles[name]: name == r.baseline
        for r in results
        for name in r.titles
    }
    height = 1.2 + sum(1.6 + 0.2 * len(result.arms) for result in results)
    figure = Figure((6.4, height), dpi=150, layout='constrained')
    FigureCanvasAgg(figure)
    colors = dict(zip(titles, itertools.cycle(COLORS)))
    colors |= {
        title: GREY for title, is_baseline in titles.items() if is_baseline
    }
    panels = figure.subplots(len(results), squeeze=False)[:, 0]
    for axes, result in zip(panels, results, strict=True):
        axes.grid(alpha=0.3)
        axes.spines[['top', 'right']].set_visible(False)
        own = {name: colors[title] for name, title in result.titles.items()}
        FIGURES[kind](axes, result, own)
        if not axes.has_data():
            raise StudyError(f'{result.path} has no data for {kind}.')
        if len(results) > 1:
            axes.set_title(result.study['title'], fontsize=10)
    entries = {}
    for axes in panels:
        handles, labels = axes.get_legend_handles_labels()
        entries |= zip(labels, handles, strict=True)
    figure.legend(entries.values(), entries.keys(), **LEGEND)
    with write_files(out) as (part,):
        figure.savefig(part, metadata={'Software': None})


def _convergence(axes: Axes, result: Result, colors: dict) -> None:
    """Score over iterations: the mean, thin lines are the seeds."""
    scores = result.frame('curve')[result.score]
    for name in scores.index.unique('arm'):
        by_seed = scores.loc[name].unstack('seed').sort_index()
        axes.plot(by_seed, color=colors[name], linewidth=0.7, alpha=0.4)
        mean = by_seed.dropna().mean(axis=1)
        look = dict(color=colors[name], label=result.titles[name])
        axes.plot(mean, marker='o', markersize=4, **look)
    axes.set_xlabel('iteration')
    axes.set_ylabel(result.score)


def _differences(axes: Axes, result: Result, colors: dict) -> None:
    """Difference to the baseline: each seed, mean and 95 % interval."""
    finals = result.frame('final')[result.score]
    baseline = result.baseline
    names = [n for n in finals.index.unique('arm') if n != baseline]
    for row, name in enumerate(names):
        own, other, color = finals[name], finals[baseline], colors[name]
        mean, low, high = paired_interval(own, other)
        axes.plot([low, high], [row, row], color=color, linewidth=2.5)
        axes.plot(mean, row, 'D', color=color)
        for difference in own - other:
            axes.plot(difference, row + 0.25, 'o', color=color, markersize=4)
    axes.axvline(0, color=GREY)
    titles = [textwrap.fill(result.titles[name], 30) for name in names]
    axes.set_yticks(range(len(names)), titles)
    axes.invert_yaxis()
    axes.set_xlabel(f'{result.score} minus that of {result.titles[baseline]}')


def _fp_fn(axes: Axes, result: Result, colors: dict) -> None:
    """Histogram of log10(FP / FN) of the mask-id loss over all outputs.

    What lies outside `EDGES` counts in the outer bins.
    """
    ratios = result.frame('diagnostics').filter(regex=r'(^|\.)fp_fn_ratio$')
    for name, own in ratios.groupby(level='arm', sort=False):
        values = np.log10(own.to_numpy()[own.to_numpy() > 0])
        counts, _ = np.histogram(values.clip(EDGES[0], EDGES[-1]), EDGES)
        if counts.any():
            look = dict(color=colors[name], label=result.titles[name])
            axes.stairs(100 * counts / counts.sum(), EDGES, **look)
    axes.set_xlabel('log10(FP / FN) of the mask-id loss')
    axes.set_ylabel('fraction of the records, %')


FIGURES = {
    'convergence': _convergence,
    'differences': _differences,
    'fp-fn': _fp_fn,
}
