"""Draws the pictures of a study, one panel to a picture.

A panel is small enough to be read on a phone and is drawn once, as SVG for
the page and as PNG for slides. An arm has one colour in all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .data import (
    ReportError,
    Result,
)

INK, MUTED, GRID, PAPER = '#24292f', '#656d76', '#d8dee4', '#ffffff'
WIDTH = 4.4  # inches, as wide as a phone shows without shrinking much
LOOK = {
    'font.size': 10,
    'svg.fonttype': 'none',
    'figure.facecolor': PAPER,
    'axes.facecolor': 'none',
    'axes.edgecolor': MUTED,
    'axes.labelcolor': INK,
    'axes.grid': True,
    'axes.axisbelow': True,
    'axes.spines.top': False,
    'axes.spines.right': False,
    'grid.color': GRID,
    'grid.linewidth': 0.7,
    'text.color': INK,
    'xtick.color': MUTED,
    'ytick.color': MUTED,
    'xtick.labelcolor': INK,
    'ytick.labelcolor': INK,
    'legend.frameon': False,
    'legend.fontsize': 9.5,
    'lines.linewidth': 2.2,
    'lines.solid_capstyle': 'round',
}
Draw = Callable[[Axes, Result], bool]


def draw_panel(
    draw: Draw, result: Result, height: float = 3.0
) -> Figure | None:
    """Make a picture of one panel.

    Args:
        draw: Fills the axes; False if there is no data.
        result: The study.
        height: Inches, without the legend.

    Returns:
        The figure with its legend above the axes; None without data.
    """
    with matplotlib.rc_context(LOOK):
        figure = Figure(figsize=(WIDTH, height), layout='constrained')
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        if not draw(axes, result):
            return None
        add_legend(figure, [axes])
    return figure


def draw_row(
    draw: Draw, results: Sequence[Result], height: float = 3.0
) -> Figure:
    """Make a picture of the same panel of several studies.

    Args:
        draw: As for `draw_panel`.
        results: One panel each, under the study's title if there are
            several. Arms of one title should have one style.
        height: Inches, without legend and titles.

    Returns:
        The figure, with one legend for all.

    Raises:
        ReportError: A study has no data for it.
    """
    with matplotlib.rc_context(LOOK):
        several = len(results) > 1
        size = (WIDTH * len(results), height + 0.3 * several)
        figure = Figure(figsize=size, layout='constrained')
        FigureCanvasAgg(figure)
        row = figure.subplots(1, len(results), squeeze=False)[0]
        for axes, result in zip(row, results, strict=True):
            if not draw(axes, result):
                raise ReportError(f'{result.path} has no data to draw.')
            if several:
                name = result.study.get('name', result.path.parent.name)
                axes.set_title(result.study.get('title') or name, size=10)
        add_legend(figure, row)
    return figure


def add_legend(figure: Figure, panels: Iterable[Axes]) -> None:
    """Put one legend above the panels and give the figure room for it."""
    entries = {}
    for axes in panels:
        for handle, label in zip(
            *axes.get_legend_handles_labels(), strict=True
        ):
            entries.setdefault(label, handle)
    if not entries:
        return
    width, height = figure.get_size_inches()
    characters = int(12 * width)  # that a row holds
    longest = max(map(len, entries))
    columns = min(max(1, characters // (longest + 7)), 4, len(entries))
    rows = -(-len(entries) // columns)
    figure.set_size_inches(width, height + 0.21 * rows)
    figure.legend(
        entries.values(),
        entries.keys(),
        loc='outside upper left',
        ncols=columns,
    )
