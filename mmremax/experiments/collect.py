"""One run's numbers, out of the logs that it left."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from mmremax.visualization.curves import read_scalars

from .run_folder import RunFolder

MAX_POINTS = 200  # of a curve; a longer one is averaged
RATIO = 'fp_fn_ratio'
# Edges of the histograms of log10(FP / FN); what lies outside is counted in
# the first and the last.
LOG_EDGES = np.linspace(-2, 5, 71)
NOT_SCORES = {'data_time', 'time', 'step', 'iter', 'epoch'}


def read_records(folder: RunFolder) -> list[dict]:
    """Read what a run logged so far; empty before its first line."""
    try:
        return read_scalars(folder.work_dir)
    except FileNotFoundError:
        return []


def last_step(records: list[dict]) -> int:
    """Number of the last step that was logged."""
    return max((record['step'] for record in records), default=0)


def collect_run(folder: RunFolder, metric: str, out: Path) -> dict[str, Any]:
    """Put a run's numbers together.

    Args:
        folder: Of the run.
        metric: Score of the study as it is logged, with its prefix.
        out: Folder of result.json; paths are relative to it.

    Returns:
        An entry of ``runs``; see `mmremax.experiments.result`.
    """
    state = folder.state
    records = read_records(folder)
    steps = [r for r in records if 'loss' in r]
    curve = curve_of(records, metric)
    final: dict = {}
    if state['status'] == 'finished':
        final = final_scores(folder, metric, state['max_iters'], curve)
    names = {name for record in steps for name in record}
    losses = sorted(n for n in names if is_loss(n))
    diagnostics = sorted(n for n in names if 'm_hat' in n or RATIO in n)
    return dict(
        seed=folder.seed,
        status=state['status'],
        error=state['error'],
        reused_from=state['reused_from'],
        iters=last_step(records),
        curve=curve,
        final=final,
        losses=series_of(steps, losses),
        grad_norm=series_of(steps, ['grad_norm'], ['value']),
        diagnostics=series_of(steps, diagnostics),
        histograms=histograms_of(steps),
        wall_s=round(state['wall_s'], 3),
        step_s=_rounded(median(times)) if (times := _times(steps)) else None,
        peak_memory_mb=_peak_memory(state, steps),
        predictions=folder.predictions(out),
    )


def is_loss(name: str) -> bool:
    """Total, terms of the final output, and the layers' semantic losses."""
    of_layer = re.search(r'(^|\.)d\d+\.', name)
    return 'loss' in name and (not of_layer or name.endswith('loss_semantic'))


def curve_of(records: list[dict], metric: str) -> list[dict]:
    """List every validation that logged the metric.

    Args:
        records: As logged.
        metric: With its prefix.

    Returns:
        ``iter`` and all scores without their prefix.
    """
    by_step = {
        record['step']: {'iter': record['step'], **scores_of(record, metric)}
        for record in records
        if metric in record
    }
    return thin_points(list(by_step.values()))


def scores_of(record: dict, metric: str) -> dict[str, float | None]:
    """Take the scores of one validation; the prefix is left out.

    Scores of other evaluators keep theirs where two would get one name.
    """
    prefix = metric.rpartition('/')[0]
    own: dict = {}
    other: dict = {}
    for name, value in record.items():
        if name in NOT_SCORES or not isinstance(value, int | float):
            continue
        head, _, short = name.rpartition('/')
        place = own if head == prefix else other
        place[short if head == prefix else name] = _rounded(value)
    short_names = {n: n.rpartition('/')[2] for n in other}
    for name, short in short_names.items():
        taken = short in own or list(short_names.values()).count(short) > 1
        own[name if taken else short] = other[name]
    return own


def final_scores(
    folder: RunFolder, metric: str, max_iters: int, curve: list[dict]
) -> dict[str, float | None]:
    """Scores after the last step, by validation or by tools/test.py."""
    if curve and curve[-1]['iter'] == max_iters:
        return {k: v for k, v in curve[-1].items() if k != 'iter'}
    if folder.scores_file.is_file():
        content = json.loads(folder.scores_file.read_text())
        return scores_of(content['scores'], metric)
    return {}


def series_of(
    records: list[dict],
    names: Iterable[str],
    titles: Iterable[str] | None = None,
) -> dict[str, list]:
    """Take scalars by name, with the steps as ``iter``.

    Args:
        records: Of the training.
        names: Of the scalars.
        titles: Names in the result; default the same.

    Returns:
        Lists of one length, at most `MAX_POINTS`: longer ones are averaged
        over equal groups, ``iter`` being the last of each.
    """
    names = list(names)
    group = math.ceil(len(records) / MAX_POINTS) or 1
    groups = [records[i : i + group] for i in range(0, len(records), group)]
    series: dict[str, list] = {'iter': [g[-1]['step'] for g in groups]}
    for name, title in zip(names, titles or names, strict=True):
        series[title] = [_mean(r.get(name) for r in g) for g in groups]
    return series


def histograms_of(records: list[dict]) -> dict[str, dict[str, list]]:
    """Count log10(FP / FN) over the logged steps.

    Args:
        records: Of the training.

    Returns:
        ``log10_fp_fn`` over all outputs, ``log10_fp_fn_d0`` ... of one
        layer, ``log10_fp_fn_final``; empty where no ratio was logged.
    """
    values: dict[str, list[float]] = {}
    for record in records:
        for name, value in record.items():
            if not name.endswith(RATIO) or not value > 0:
                continue
            layer = name.removesuffix(RATIO).rstrip('.') or 'final'
            values.setdefault(f'log10_fp_fn_{layer}', []).append(value)
    if values:
        pooled = [value for one in values.values() for value in one]
        values = {'log10_fp_fn': pooled} | dict(sorted(values.items()))
    edges = [round(float(edge), 3) for edge in LOG_EDGES]
    return {
        name: dict(
            edges=edges,
            counts=np.histogram(
                np.log10(ratios).clip(LOG_EDGES[0], LOG_EDGES[-1]), LOG_EDGES
            )[0].tolist(),
        )
        for name, ratios in values.items()
    }


def thin_points(points: list[dict]) -> list[dict]:
    """Keep at most `MAX_POINTS`, the last one always."""
    step = math.ceil(len(points) / MAX_POINTS) or 1
    return points[::-1][::step][::-1]


def _mean(values: Iterable[Any]) -> float | None:
    """Mean of the finite ones; None if there is none."""
    finite = [v for v in values if v is not None and math.isfinite(v)]
    return _rounded(sum(finite) / len(finite)) if finite else None


def _rounded(value: float) -> float | None:
    """Six digits; None for what json cannot hold."""
    return float(f'{value:.6g}') if math.isfinite(value) else None


def _times(steps: list[dict]) -> list[float]:
    return [r['time'] for r in steps if r.get('time')]


def _peak_memory(state: dict, steps: list[dict]) -> float | None:
    """MB: on CUDA what torch held, as logged; else the resident set."""
    on_device = [r['memory'] for r in steps if r.get('memory')]
    if on_device:
        return float(max(on_device))
    peak = state['peak_memory_mb']
    return None if peak is None else round(peak, 1)
