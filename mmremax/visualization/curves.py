"""Plots what a run logged: losses and panoptic quality by iteration."""

from __future__ import annotations

import json
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

# Terms of the final output; those of the layers have a prefix, `d0.` ...
LAYER_SEPARATOR = '.'
QUALITIES = ('PQ', 'PQ_th', 'PQ_st')
MAX_TERMS = 6


def read_scalars(work_dir: str | Path) -> list[dict]:
    """Read the scalars that mmengine's LocalVisBackend wrote.

    A resumed run has one file per start; where they overlap the later one
    counts. A line that was cut off by a kill is left out.

    Args:
        work_dir: Folder of the run, or one `scalars.json`.

    Returns:
        Records in order of their step, as logged.
    """
    work_dir = Path(work_dir)
    if work_dir.is_file():
        files = [work_dir]
    else:
        files = sorted(work_dir.glob('**/vis_data/scalars.json'))
    if not files:
        raise FileNotFoundError(
            f'no vis_data/scalars.json under {work_dir}: is it the work_dir '
            'of a run that logged at least once?'
        )
    records: list[dict] = []
    for file in files:
        started = [r for line in file.open() if (r := _parse(line))]
        first = min((r['step'] for r in started), default=float('inf'))
        records = [r for r in records if r['step'] < first] + started
    return sorted(records, key=lambda record: record['step'])


def plot_run(work_dir: str | Path, out_file: str | Path) -> Path:
    """Draw loss terms and PQ over iterations into a PNG.

    Args:
        work_dir: As in `read_scalars`.
        out_file: Where to write; missing folders are made.

    Returns:
        Path of the picture.
    """
    records = read_scalars(work_dir)
    losses = _series(records, _loss_names(records))
    qualities = _series(records, _quality_names(records))
    panels = [
        (series, label)
        for series, label in (
            (losses, 'loss (log scale)'),
            (qualities, 'panoptic quality, %'),
        )
        if series
    ]
    if not panels:
        raise ValueError(f'{work_dir}: the log has neither losses nor PQ')
    figure = Figure(figsize=(6.4 * len(panels), 4.2), layout='constrained')
    FigureCanvasAgg(figure)
    axes_row = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (series, label) in zip(axes_row, panels, strict=True):
        _draw(axes, series, label)
    if qualities:
        axes_row[-1].set_ylim(bottom=0)
    if losses:
        positive = [v for _, values in losses.values() for v in values]
        if min(positive) > 0:
            _use_log_scale(axes_row[0])
        else:
            axes_row[0].set_ylabel('loss')
    out_file = Path(out_file)
    out_file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out_file, dpi=120)
    return out_file


def _parse(line: str) -> dict | None:
    """Read one record; None if it is cut off or has no step."""
    try:
        record = json.loads(line)
    except json.JSONDecodeError:
        return None
    return record if isinstance(record, dict) and 'step' in record else None


def _loss_names(records: list[dict]) -> list[str]:
    """Total first, then the terms of the final output."""
    names = {name for record in records for name in record if 'loss' in name}
    terms = sorted(n for n in names - {'loss'} if LAYER_SEPARATOR not in n)
    return (['loss'] if 'loss' in names else []) + terms[:MAX_TERMS]


def _quality_names(records: list[dict]) -> list[str]:
    """PQ over all, things and stuff, whatever the metric's prefix."""
    names = {name for record in records for name in record}
    return [
        name
        for quality in QUALITIES
        for name in sorted(names)
        if name.rsplit('/', 1)[-1] == quality
    ]


def _series(
    records: list[dict], names: list[str]
) -> dict[str, tuple[list, list]]:
    """Collect steps and values by name; NaN are left out."""
    series = {}
    for name in names:
        points = [
            (record['step'], record[name])
            for record in records
            if record.get(name) is not None and record[name] == record[name]
        ]
        if points:
            steps, values = zip(*points, strict=True)
            series[name] = (list(steps), list(values))
    return series


def _use_log_scale(axes: Axes) -> None:
    """Write 0.5, 1, 2, 5, 10 rather than powers of ten."""
    axes.set_yscale('log')
    axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
    axes.yaxis.set_major_formatter('{x:g}')
    axes.yaxis.set_minor_formatter('{x:g}')


def _draw(
    axes: Axes, series: dict[str, tuple[list, list]], label: str
) -> None:
    """Draw one panel; the first series is the main one."""
    for index, (name, (steps, values)) in enumerate(series.items()):
        axes.plot(
            steps,
            values,
            label=name.rsplit('/', 1)[-1],
            linewidth=2.2 if index == 0 else 1.2,
            marker='o' if len(steps) < 30 else None,
            markersize=3.5,
        )
    axes.set_xlabel('iteration')
    axes.set_ylabel(label)
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
