"""A result of a study with numbers to add up in the head."""

import json
from pathlib import Path


def write_result(
    folder: Path, status: str = 'finished', error: str | None = None
) -> Path:
    """Write result.json: two arms of two seeds, and one of seed 1 alone."""
    scores = dict(kmax=[40.0, 42.0], remax=[43.0, 46.0], late=[None, 40.0])
    titles = dict(kmax='kMaX', remax='ReMaX', late='late')
    ratios = {
        'iter': [5, 10, 20],
        'd0.ratio': [1.0, 10.0, 1000.0],
        'd1.ratio': [1.0, None, 100.0],
        'd0.fp_fn_ratio': [0.001, 10.0, 1e6],
    }
    arms = []
    for name, own in scores.items():
        runs = [
            dict(
                seed=seed,
                status='pending' if score is None else status,
                error=error,
                curve=[
                    dict(iter=20, PQ=score),
                    dict(iter=10, PQ=(score or 0) - 10),
                ],
                final=dict(PQ=score, PQ_th=(score or 0) / 2),
                diagnostics={} if name == 'late' else ratios,
            )
            for seed, score in enumerate(own)
        ]
        arms.append(dict(name=name, title=titles[name], runs=runs))
    study = dict(title='Toy', metric='coco_panoptic/PQ', baseline='kmax')
    path = folder / 'result.json'
    path.write_text(json.dumps(dict(schema=1, study=study, arms=arms)))
    return path
