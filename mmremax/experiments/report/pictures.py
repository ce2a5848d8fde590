"""Saves figures as PNG and as SVG for a page; puts sample pictures inline."""

from __future__ import annotations

import base64
import io
import re
from html import escape
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from mmremax.visualization.panels import side_by_side

from .data import (
    BASELINE_COLOUR,
    Arm,
    Result,
)
from .panel import (
    GRID,
    INK,
    LOOK,
    MUTED,
    PAPER,
)

# Colours of a figure that follow the page's light or dark look.
PAGE_COLOURS = {
    INK: 'var(--ink)',
    MUTED: 'var(--muted)',
    GRID: 'var(--line)',
    PAPER: 'var(--card)',
    '#0072b2': 'var(--blue)',
    BASELINE_COLOUR: 'var(--grey)',
}
# Ids that nothing refers to; they would stand twice on a page.
NAMED = 'figure|axes|patch|line2d|text|xtick|ytick|matplotlib|legend|Poly'
MAX_SAMPLES = 6
SAMPLE_SIDE = 360  # pixels of a sample's long side on the page


def to_png(figure: Figure, path: str | Path) -> Path:
    """Save a figure on white.

    Args:
        figure: As from `draw_panel`.
        path: Where to; missing folders are made.

    Returns:
        The path.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=200, metadata={'Software': None})
    return path


def to_svg(figure: Figure, name: str, title: str) -> str:
    """Write a figure as an element of a page.

    Args:
        figure: As from `draw_panel`.
        name: Keeps the ids of pictures on one page apart.
        title: What a screen reader says.

    Returns:
        ``<svg>`` with text as text, in colours of the page.
    """
    buffer = io.StringIO()
    with matplotlib.rc_context({**LOOK, 'svg.hashsalt': name}):
        figure.savefig(
            buffer, format='svg', transparent=True, metadata={'Date': None}
        )
    svg = buffer.getvalue()
    svg = svg[svg.index('<svg') :]
    svg = re.sub(r'<metadata>.*?</metadata>', '', svg, flags=re.S)
    svg = re.sub(r'<!--.*?-->', '', svg, flags=re.S)
    svg = re.sub(r'\s(width|height)="[\d.]+pt"', '', svg, count=2)
    svg = re.sub(rf' id="({NAMED})[\w.]*"', '', svg)
    svg = page_colour(svg)
    label = f'<svg role="img" aria-label="{escape(title)}"'
    return svg.replace('<svg', label, 1)


def page_colour(text: str) -> str:
    """Put the page's colours in the place of a figure's."""
    for colour, variable in PAGE_COLOURS.items():
        text = text.replace(colour, variable)
    return text


def find_samples(result: Result) -> list[dict]:
    """Collect sample predictions that arms have in common.

    Of each arm the first finished run with predictions counts. A picture
    that is not there is left out.

    Returns:
        For each image `image` (its name) and `pictures`: (title, Arm or
        None, path) with input and ground truth first.
    """
    folder = result.path.parent
    by_arm: list[tuple[Arm, dict]] = []
    for arm in result.arms:
        for run in arm.finished:
            found = {
                sample['image']: sample
                for sample in run.get('predictions') or []
            }
            if found:
                by_arm.append((arm, found))
                break
    names = dict.fromkeys(name for _, found in by_arm for name in found)
    samples = []
    for name in list(names)[:MAX_SAMPLES]:
        of_arms = [(arm, f[name]) for arm, f in by_arm if name in f]
        candidates = [
            (title, None, of_arms[0][1].get(key))
            for title, key in (('input', 'input'), ('ground truth', 'gt'))
        ]
        candidates += [
            (arm.title, arm, sample.get('prediction'))
            for arm, sample in of_arms
        ]
        pictures = [
            (title, arm, folder / file)
            for title, arm, file in candidates
            if file and (folder / file).is_file()
        ]
        if any(arm for _, arm, _ in pictures):
            samples.append(dict(image=name, pictures=pictures))
    return samples


def write_sheet(samples: list[dict], path: Path) -> Path:
    """Put all samples into one picture, an image to a row.

    Args:
        samples: From `find_samples`.
        path: PNG to write.

    Returns:
        The path.
    """
    rows = []
    for sample in samples:
        panels = {}
        for title, _, file in sample['pictures']:
            with Image.open(file) as picture:
                panels[title] = np.asarray(picture.convert('RGB'))
        rows.append(side_by_side(panels))
    width = max(row.shape[1] for row in rows)
    sheet = Image.new(
        'RGB', (width, sum(row.shape[0] for row in rows)), (250, 250, 250)
    )
    top = 0
    for row in rows:
        sheet.paste(Image.fromarray(row), (0, top))
        top += row.shape[0]
    sheet.save(path)
    return path


def inline(path: Path) -> str:
    """Read a picture, at most 360 pixels wide, as a data URL."""
    buffer = io.BytesIO()
    with Image.open(path) as picture:
        small = picture.convert('RGB')
    small.thumbnail((SAMPLE_SIDE, SAMPLE_SIDE))
    small.save(buffer, 'WEBP', quality=88)
    code = base64.b64encode(buffer.getvalue()).decode('ascii')
    return f'data:image/webp;base64,{code}'
