"""Tables of scores for the log."""

from collections.abc import Sequence
from itertools import zip_longest

from terminaltables import AsciiTable

ROWS_OF_ONE_BLOCK = 30


def class_table(
    names: Sequence[str], columns: dict[str, Sequence[float | int]]
) -> str:
    """Lay out the scores of the classes, many classes in two blocks.

    Args:
        names: Of the classes.
        columns: Values by heading, one for each class: integers as they
            are, scores with two digits, NaN as a dash.
    """
    cells = [
        (name, *map(format_score, row))
        for name, row in zip(
            names, zip(*columns.values(), strict=True), strict=True
        )
    ]
    num_blocks = 1 if len(cells) <= ROWS_OF_ONE_BLOCK else 2
    height = max(1, -(-len(cells) // num_blocks))
    blocks = [cells[i : i + height] for i in range(0, len(cells), height)]
    rows = [('class', *columns) * num_blocks]
    for line in zip_longest(*blocks, fillvalue=('',) * (1 + len(columns))):
        rows.append(tuple(cell for block in line for cell in block))
    return AsciiTable(rows).table


def format_score(value: float | int) -> str:
    """Format a count or a score in percent."""
    if isinstance(value, int):
        return str(value)
    return '-' if value != value else f'{value:.2f}'
