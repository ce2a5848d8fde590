"""Draws the pictures of a study, one panel to a picture.

A panel is small enough to be read on a phone and is drawn once, as SVG for
the page and as PNG for slides. An arm has one colour in all of them.
"""

from __future__ import annotations

from collections.abc import Callable

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .data import Result

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
        add_legend(figure, axes)
    return figure


def add_legend(figure: Figure, axes: Axes) -> None:
    """Put a legend above the axes and give the figure room for it."""
    handles, labels = axes.get_legend_handles_labels()
    if not handles:
        return
    longest = max(len(label) for label in labels)
    wide = int(12 * figure.get_size_inches()[0])  # characters in a row
    columns = min(max(1, wide // (longest + 7)), 4, len(labels))
    rows = -(-len(labels) // columns)
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + 0.21 * rows)
    figure.legend(handles, labels, loc='outside upper left', ncols=columns)
