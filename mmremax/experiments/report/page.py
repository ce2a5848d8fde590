"""Makes the report of a study: one page that opens from disk, and PNGs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .bars import (
    ablation_bars,
    bars_height,
    paired_arms,
    paired_differences,
    scored_arms,
)
from .curves import (
    RATIO,
    convergence,
    diagnostic,
    gradient_norm,
    histogram,
    loss_term,
)
from .data import (
    SCHEMA,
    Result,
)
from .panel import (
    Draw,
    draw_panel,
)
from .pictures import (
    find_samples,
    inline,
    page_colour,
    to_png,
    to_svg,
    write_sheet,
)
from .records import (
    diagnostic_names,
    histogram_names,
    loss_names,
)
from .tables import (
    COSTS,
    cost_row,
    count_runs,
    higher_is_better,
    level_of,
    metric_columns,
    table_row,
)

TEMPLATES = Path(__file__).parent / 'templates'
CURVE_CAPTION = (
    'Thick: mean over finished seeds; thin: the seeds; thin and dashed: a '
    'run without an end, with a cross where it failed.'
)
BAR_CAPTION = 'Bars: means; whiskers: spread over seeds; dots: the seeds.'
LOSS_CAPTION = (
    'Mean over finished seeds, smoothed over 1/40 of the record. Arms with '
    'other losses have another scale.'
)
NO_PAIRS = (
    'A paired difference needs two seeds that finished in an arm and in the '
    'baseline.'
)
RATIO_TITLE = 'False positives over false negatives'
RATIO_CAPTION = 'Share of the records of all finished seeds, over training.'


@dataclass(frozen=True)
class Panel:
    """One picture on the page.

    Attributes:
        name: Of its PNG, without the suffix.
        title: Above it.
        caption: Below it.
        svg: The picture for the page.
    """

    name: str
    title: str
    caption: str
    svg: str


@dataclass(frozen=True)
class Section:
    """Panels under one heading.

    Attributes:
        title: The heading.
        panels: Those with data.
        notes: Why others are absent.
        folded: Whether it opens on a click; absent without panels.
    """

    title: str
    panels: list[Panel]
    notes: Sequence[str] = ()
    folded: bool = False


def write_report(result: Result, out_dir: str | Path) -> list[Path]:
    """Write `report.html` and the pictures of a study.

    Args:
        result: From `load_result`.
        out_dir: Folder; made if missing. Files of the same name are
            replaced.

    Returns:
        The files, the page first.
    """
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    sections = list(make_sections(result, out_dir))
    samples = find_samples(result)
    pictures = [
        out_dir / f'{panel.name}.png'
        for section in sections
        for panel in section.panels
    ]
    if samples:
        pictures.append(write_sheet(samples, out_dir / 'predictions.png'))
    page = out_dir / 'report.html'
    page.write_text(render_page(result, sections, samples), encoding='utf-8')
    return [page, *pictures]


def make_sections(result: Result, out_dir: Path) -> Iterator[Section]:
    """Draw all panels, and write each as a PNG too.

    Args:
        result: The study.
        out_dir: Existing folder for the PNGs.

    Yields:
        Sections in the order of the page.
    """
    metric = result.metric

    def panel(
        name: str, title: str, caption: str, draw: Draw, size: float = 3.0
    ) -> list[Panel]:
        figure = draw_panel(draw, result, size)
        if figure is None:
            return []
        to_png(figure, out_dir / f'{name}.png')
        return [Panel(name, title, caption, to_svg(figure, name, title))]

    def terms(names: list[str], read: Callable[[str], Draw]) -> list[Panel]:
        return [p for n in names for p in panel(n, n, '', read(n), 2.4)]

    def ratio(name: str) -> list[Panel]:
        title = name.replace(RATIO, RATIO_TITLE).replace('_', ', ')
        return panel(
            f'histogram_{name}', title, RATIO_CAPTION, histogram(name)
        )

    curves = panel(
        'convergence', f'{metric} over training', CURVE_CAPTION, convergence
    )
    bars = panel(
        'ablation',
        f'Final {metric}',
        BAR_CAPTION,
        ablation_bars,
        bars_height(scored_arms(result)),
    )
    pairs = panel(
        'paired',
        'Difference, seed by seed',
        f'Dots: seeds; diamond: mean; line: its {level_of(result)}confidence '
        'interval. Left of zero is '
        f'{"worse" if higher_is_better(result) else "better"}.',
        paired_differences,
        bars_height(paired_arms(result)),
    )
    yield Section(
        'Scores',
        curves + bars + pairs,
        ([] if curves else [f'No run logged {metric} while it trained.'])
        + ([] if bars else [f'No finished run has a final {metric}.'])
        + ([] if pairs else [NO_PAIRS]),
    )
    losses = loss_names(result)
    pooled, by_layer = split_histograms(histogram_names(result))
    histograms = [p for name in pooled for p in ratio(name)]
    total = [
        part
        for name in losses[:1]
        for part in panel(
            name, f'Training: {name}', LOSS_CAPTION, loss_term(name)
        )
    ]
    norms = panel('grad_norm', 'Gradient norm', '', gradient_norm)
    yield Section(
        'Training',
        histograms + total + norms,
        ([] if histograms else ['The runs recorded no histograms.'])
        + ([] if total else ['The runs recorded no losses.'])
        + ([] if norms else ['The runs recorded no gradient norms.']),
    )
    yield Section(
        'Histograms by layer',
        [p for name in by_layer for p in ratio(name)],
        folded=True,
    )
    yield Section('Loss terms', terms(losses[1:], loss_term), folded=True)
    yield Section(
        'Diagnostics',
        terms(diagnostic_names(result), diagnostic),
        folded=True,
    )


def split_histograms(names: list[str]) -> tuple[list[str], list[str]]:
    """Tell those of single layers from the others."""
    layers = [n for n in names if n.startswith(f'{RATIO}_')]
    return [n for n in names if n not in layers], layers


def render_page(
    result: Result, sections: list[Section], samples: list[dict]
) -> str:
    """Fill the template.

    Args:
        result: The study.
        sections: From `make_sections`.
        samples: From `find_samples`.

    Returns:
        The page: no script, nothing to load.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    runs = [(arm, run) for arm in result.arms for run in arm.runs]
    return environment.get_template('report.html').render(
        result=result,
        study=result.study,
        schema=SCHEMA,
        sections=sections,
        columns=metric_columns(result),
        rows=[table_row(result, arm) for arm in result.arms],
        cost_names=list(COSTS),
        costs=[cost_row(result, arm) for arm in result.arms],
        counts=count_runs(result),
        failures=[(a, r) for a, r in runs if r['status'] == 'failed'],
        missing=[
            (a, r) for a, r in runs if r['status'] in ('running', 'pending')
        ],
        samples=samples,
        inline=inline,
        page_colour=page_colour,
        dashes={'-': 'none', '--': '6 4', ':': '2 4', '-.': '8 4 2 4'},
    )
