"""The one file that a study leaves: result.json.

It is written anew, in one step, after each run::

    {"schema": 1,
     "study": {"name", "title", "claim", "paper", "baseline", "metric",
               "higher_is_better", "command", "file"},
     "machine": {"cpu", "cores", "threads", "memory_gb", "device",
                 "platform", "python", "torch", "commit"},
     "arms": [{"name", "title", "config", "options": {},
       "runs": [{
         "seed": 0,
         "status": "finished" | "failed" | "running" | "pending",
         "error": null,               # last lines of a failed run
         "reused_from": null,         # "STUDY/ARM/seedN", see --reuse
         "iters": 900,                # last step logged
         "curve": [{"iter": 150, "PQ": ..., ...}, ...],  # validations
         "final": {"PQ": ..., ...},   # after the last step
         "losses": {"iter": [...], "loss": [...], ...},
         "grad_norm": {"iter": [...], "value": [...]},
         "diagnostics": {"iter": [...], "d0.m_hat_mean": [...], ...},
         "histograms": {"log10_fp_fn": {"edges", "counts"}, ...},
         "wall_s", "step_s",          # all starts together; median step
         "peak_memory_mb",
         "predictions": [{"image", "input", "gt", "prediction"}]}],
       "summary": {"PQ": {"mean", "spread", "n"}, ...},
       "paired": {"PQ": {"differences", "mean", "low", "high", "level"}}
     }]}

Scores stand without their prefix. `spread` is the standard deviation over
seeds, null for one; `paired` compares the finished runs of an arm with the
baseline's of the same seeds, null with fewer than two and for the baseline.
Paths of pictures are relative to the file. Undefined numbers are null.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .collect import collect_run
from .run_folder import RunFolder
from .statistics import (
    paired_difference,
    summarise,
)
from .study import Study

SCHEMA = 1


def build_result(
    study: Study,
    runs: dict[str, list[RunFolder]],
    machine: dict,
    command: str,
    out: Path,
) -> dict[str, Any]:
    """Collect all runs of a study.

    Args:
        study: The study.
        runs: Folders by arm, in order of their seeds.
        machine: See `describe_machine`.
        command: As typed.
        out: Folder of result.json.

    Returns:
        The content of result.json.
    """
    collected = {
        name: [collect_run(folder, study.metric, out) for folder in folders]
        for name, folders in runs.items()
    }
    baseline = finals(collected[study.baseline])
    arms = []
    for arm in study.arms:
        own = finals(collected[arm.name])
        is_baseline = arm.name == study.baseline
        arms.append(
            dict(
                name=arm.name,
                title=arm.title,
                config=_relative(arm.config),
                options=_plain(arm.options),
                runs=collected[arm.name],
                summary=summary_of(own),
                paired={} if is_baseline else paired_of(own, baseline),
            )
        )
    return dict(
        schema=SCHEMA,
        study=dict(
            name=study.name,
            title=study.title,
            claim=study.claim,
            paper=study.paper,
            baseline=study.baseline,
            metric=study.metric,
            higher_is_better=study.higher_is_better,
            command=command,
            file=_relative(study.file.resolve()),
        ),
        machine=machine,
        arms=arms,
    )


def finals(runs: list[dict]) -> dict[str, dict[int, float]]:
    """Final scores of finished runs: by score, then by seed."""
    scores: dict[str, dict[int, float]] = {}
    for run in runs:
        for name, value in run['final'].items():
            if value is not None:
                scores.setdefault(name, {})[run['seed']] = value
    return scores


def summary_of(scores: dict[str, dict[int, float]]) -> dict[str, dict]:
    """Mean, spread and number of each score."""
    return {
        name: summarise(list(by_seed.values()))
        for name, by_seed in scores.items()
    }


def paired_of(
    scores: dict[str, dict[int, float]],
    baseline: dict[str, dict[int, float]],
) -> dict[str, dict | None]:
    """Differences to the baseline at the seeds that both have."""
    paired = {}
    for name, by_seed in scores.items():
        other = baseline.get(name, {})
        seeds = sorted(by_seed.keys() & other.keys())
        paired[name] = paired_difference(
            [by_seed[seed] for seed in seeds],
            [other[seed] for seed in seeds],
        )
    return paired


def _relative(path: Path) -> str:
    """Path from the repository on, where it lies inside."""
    root = Path(__file__).resolve().parents[2]
    return str(path.relative_to(root) if root in path.parents else path)


def _plain(value: Any) -> Any:
    """Options as json has them."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return repr(value)
