"""Draws one row for each arm: final scores, paired differences."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.axes import Axes

from .data import (
    Arm,
    Result,
    format_score,
    to_float,
)
from .panel import (
    INK,
    MUTED,
    PAPER,
)


def paired_differences(axes: Axes, result: Result) -> bool:
    """Draw the difference to the baseline: each seed, mean and interval."""
    metric = result.metric
    arms = paired_arms(result)
    axes.axvline(0, color=MUTED, linewidth=1.2)
    for row, arm in enumerate(arms):
        pair, colour = arm.paired[metric], arm.style.colour
        mean = to_float(pair['mean'])
        low, high = to_float(pair['low']), to_float(pair['high'])
        axes.plot([low, high], [row, row], color=colour, linewidth=2.6)
        seeds = [to_float(value) for value in pair['differences']]
        axes.plot(
            seeds,
            np.full(len(seeds), row + 0.24),
            linestyle='none',
            marker='o',
            markersize=4.5,
            color=colour,
            alpha=0.55,
        )
        axes.plot(
            mean,
            row,
            marker='D',
            markersize=8,
            color=colour,
            markeredgecolor=PAPER,
        )
    base = result.baseline.title if result.baseline else 'the baseline'
    _label_rows(axes, arms)
    axes.set_xlabel(textwrap.fill(f'{metric} minus that of {base}', 34))
    return bool(arms)


def ablation_bars(axes: Axes, result: Result) -> bool:
    """Draw final scores: bars of the means, spread, each seed."""
    metric = result.metric
    arms = scored_arms(result)
    scores = [score for arm in arms for score in arm.finals(metric)]
    for row, arm in enumerate(arms):
        finals = arm.finals(metric)
        mean = float(np.mean(finals))
        spread = to_float((arm.summary.get(metric) or {}).get('spread'))
        axes.barh(row, mean, height=0.56, color=arm.style.colour, alpha=0.85)
        if len(finals) > 1 and np.isfinite(spread):
            axes.errorbar(
                mean, row, xerr=spread, color=INK, linewidth=1.4, capsize=3.5
            )
            axes.plot(
                finals,
                np.full(len(finals), row + 0.4),
                linestyle='none',
                marker='o',
                markersize=3.5,
                color=arm.style.colour,
            )
        axes.annotate(
            format_score(mean, scores),
            (max([mean + (spread if spread == spread else 0), *finals]), row),
            xytext=(6, 0),
            textcoords='offset points',
            va='center',
        )
    _label_rows(axes, arms)
    axes.margins(x=0.14)
    axes.set_xlabel(f'final {metric}')
    return bool(arms)


def paired_arms(result: Result) -> list[Arm]:
    """Arms with a difference to the baseline."""
    return [
        arm
        for arm in result.arms
        if arm.paired.get(result.metric) and arm is not result.baseline
    ]


def scored_arms(result: Result) -> list[Arm]:
    """Arms with a final score."""
    return [arm for arm in result.arms if arm.finals(result.metric)]


def bars_height(arms: list[Arm]) -> float:
    """Inches for a panel with a row for each arm."""
    return max(3.0, 0.75 + 0.38 * len(arms))


def _label_rows(axes: Axes, arms: list[Arm]) -> None:
    """Write the arms' titles beside the rows, the first on top."""
    titles = [textwrap.fill(arm.title, 22) for arm in arms]
    axes.set_yticks(range(len(arms)), titles)
    axes.set_ylim(len(arms) - 0.4, -0.6)
    axes.tick_params(axis='y', length=0)
    axes.grid(visible=False, axis='y')
