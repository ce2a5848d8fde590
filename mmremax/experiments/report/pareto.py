"""Draws speed against quality, from tables that name their sources."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from .data import (
    COLOURS,
    MARKERS,
    ReportError,
)
from .panel import (
    LOOK,
    PAPER,
    add_legend,
)

COLUMNS = ('series', 'model', 'data', 'fps', 'pq', 'device', 'source')


@dataclass(frozen=True)
class Point:
    """A model's speed and quality.

    Attributes:
        series: Models of one series are joined by a line.
        model: Written beside the point.
        data: Data set of the score.
        fps: Images in a second.
        pq: Panoptic quality, %.
        device: What the speed was measured on; speeds of different devices
            are not to be compared.
        source: Who gives the numbers.
    """

    series: str
    model: str
    data: str
    fps: float
    pq: float
    device: str
    source: str


def read_points(paths: Sequence[str | Path], data: str) -> list[Point]:
    """Read tables of models.

    Args:
        paths: CSV files with the columns `COLUMNS`.
        data: Rows of other data sets are left out.

    Raises:
        ReportError: A file is missing or lacks a column, a number or a
            source; or no row is left.
    """
    points = []
    for path in map(Path, paths):
        if not path.is_file():
            raise ReportError(f'There is no file {path}.')
        with path.open(newline='', encoding='utf-8') as file:
            reader = csv.DictReader(file)
            missing = set(COLUMNS) - set(reader.fieldnames or ())
            if missing:
                raise ReportError(
                    f'{path} lacks the columns {", ".join(sorted(missing))}; '
                    f'it needs {",".join(COLUMNS)}.'
                )
            for row in reader:
                points.append(_make_point(row, f'{path}:{reader.line_num}'))
    found = sorted({point.data for point in points})
    points = [point for point in points if point.data == data]
    if not points:
        raise ReportError(
            f'No row is of the data {data!r}; there are: {", ".join(found)}.'
        )
    return points


def draw_pareto(points: Sequence[Point], name: str = 'PQ') -> Figure:
    """Draw models by speed (logarithmic) and quality.

    Args:
        points: From `read_points`.
        name: Of the score, for the axis.

    Returns:
        The figure: a line for each series, source and device.
    """
    groups: dict[tuple[str, str, str], list[Point]] = {}
    for point in points:
        key = (point.series, point.source, point.device)
        groups.setdefault(key, []).append(point)
    with matplotlib.rc_context(LOOK):
        figure = Figure(figsize=(6.4, 4.2), layout='constrained')
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        for index, (key, group) in enumerate(groups.items()):
            series, source, device = key
            group.sort(key=lambda point: point.fps)
            axes.plot(
                [point.fps for point in group],
                [point.pq for point in group],
                color=COLOURS[index % len(COLOURS)],
                marker=MARKERS[index % len(MARKERS)],
                markersize=8,
                markeredgecolor=PAPER,
                label=f'{series}, {device} ({source})',
            )
            for point in group:
                axes.annotate(
                    point.model,
                    (point.fps, point.pq),
                    xytext=(7, 6),
                    textcoords='offset points',
                    fontsize=9,
                )
        axes.set_xscale('log')
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter('{x:g}')
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.margins(x=0.14, y=0.12)
        axes.set_xlabel('images per second')
        axes.set_ylabel(f'{name}, {points[0].data}')
        add_legend(figure, [axes])
    return figure


def _make_point(row: dict, place: str) -> Point:
    """Check one row."""
    try:
        numbers = dict(fps=float(row['fps']), pq=float(row['pq']))
    except (TypeError, ValueError):
        raise ReportError(
            f'{place}: fps {row["fps"]!r} and pq {row["pq"]!r} must be '
            'numbers.'
        ) from None
    if numbers['fps'] <= 0:
        raise ReportError(f'{place}: fps must be above 0.')
    for key in ('source', 'device'):
        if not row[key]:
            raise ReportError(f'{place}: {key} is empty; say whose number.')
    return Point(**{key: row[key] for key in COLUMNS} | numbers)
