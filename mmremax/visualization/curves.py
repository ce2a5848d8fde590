"""Plots what a run logged: losses and panoptic quality by iteration."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from mmremax_runtime.files import write_files

QUALITIES = ('PQ', 'PQ_th', 'PQ_st')
MAX_TERMS = 6


def read_scalars(work_dir: str | Path) -> list[dict]:
    """Read the scalars that mmengine's LocalVisBackend wrote, by step.

    A resumed run has one file per start; where they overlap the later one
    counts. A line that was cut off by a kill is left out. `work_dir` may be
    one `scalars.json` too.
    """
    work_dir = Path(work_dir)
    files = sorted(work_dir.glob('**/vis_data/scalars.json'))
    if not (files := [work_dir] if work_dir.is_file() else files):
        raise FileNotFoundError(
            f'no vis_data/scalars.json under {work_dir}: is it the work_dir '
            'of a run that logged at least once?'
        )
    records: list[dict] = []
    for file in files:
        started = []
        for line in file.open(errors='replace'):
            try:
                record = json.loads(line)
            except json.JSONDecodeError:
                continue
            if isinstance(record, dict) and type(record.get('step')) is int:
                started.append(record)
        first = min((r['step'] for r in started), default=math.inf)
        records = [r for r in records if r['step'] < first] + started
    if not records and work_dir.is_file():
        raise ValueError(f'{work_dir} is no scalars.json of a run.')
    return sorted(records, key=lambda record: record['step'])


def plot_run(work_dir: str | Path, out_file: str | Path) -> Path:
    """Draw loss terms and PQ over iterations into a PNG; return its path."""
    if not (records := read_scalars(work_dir)):
        raise ValueError(f'{work_dir}: the run has not logged a step yet.')
    frame = pd.DataFrame(records).set_index('step')
    frame = frame.select_dtypes('number').dropna(axis=1, how='all')
    names = sorted(frame)
    # Terms of the final output; those of the layers have a prefix, `d0.` ...
    terms = [n for n in names if 'loss' in n and n != 'loss' and '.' not in n]
    qualities = [
        name
        for quality in QUALITIES  # whatever the metric's prefix
        for name in names
        if name.rsplit('/', 1)[-1] == quality
    ]
    losses = [*frame.filter(['loss']), *terms[:MAX_TERMS]]
    panels = {'loss': losses, 'panoptic quality, %': qualities}
    panels = {label: frame[own] for label, own in panels.items() if own}
    if not panels:
        raise ValueError(f'{work_dir}: the log has neither losses nor PQ')
    figure = Figure(figsize=(6.4 * len(panels), 4.2), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for one, (label, own) in zip(axes, panels.items(), strict=True):
        _draw(one, label, own)
    out_file = Path(out_file)
    with write_files(out_file) as (part,):
        figure.savefig(part, dpi=120)
    return out_file


def _draw(axes: Axes, label: str, frame: pd.DataFrame) -> None:
    """Draw one panel; the first column is the main one."""
    for index, name in enumerate(frame):
        values = frame[name].dropna()
        axes.plot(
            values,
            label=name.rsplit('/', 1)[-1],
            linewidth=1.2 if index else 2.2,
            marker='o' if len(values) < 30 else None,
            markersize=3.5,
        )
    if label != 'loss':
        axes.set_ylim(bottom=0)
    elif frame.min(axis=None) > 0:
        # 0.5, 1, 2, 5, 10 rather than powers of ten.
        label = 'loss (log scale)'
        axes.set_yscale('log')
        axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
        axes.yaxis.set_major_formatter('{x:g}')
        axes.yaxis.set_minor_formatter('{x:g}')
    axes.set(xlabel='iteration', ylabel=label)
    axes.grid(alpha=0.3)
    axes.spines[['top', 'right']].set_visible(False)
    # Above the panel, where no curve can run through it.
    axes.legend(
        loc='lower left',
        bbox_to_anchor=(0, 1),
        ncols=3,
        frameon=False,
        fontsize=9,
    )
