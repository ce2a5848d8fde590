"""Made-up results of studies, in the layout of the runner's result.json."""

import json
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import stats

TITLES = ('kMaX, softmax', 'kMaX, sigmoid', 'ReMaX', 'ReMaX, eta = 0.2')


def make_result(
    num_arms: int = 3,
    num_seeds: int = 3,
    metric: str = 'PQ',
    iters: int = 900,
    histograms: bool = True,
) -> dict:
    """Make a study whose arms differ by about two points, seeds by one."""
    names = [f'arm{index}' for index in range(num_arms)]
    arms = []
    for index, name in enumerate(names):
        runs = [
            make_run(index, seed, metric, iters, histograms)
            for seed in range(num_seeds)
        ]
        title = TITLES[index] if index < len(TITLES) else f'arm {index}'
        arms.append(
            dict(
                name=name,
                title=title,
                config='configs/a.py',
                options={'model.eta': 0.1 * index},
                runs=runs,
            )
        )
    result = dict(
        schema=1,
        study=dict(
            name='convergence',
            title='Relaxed training converges faster',
            claim='ReMaX ends higher at equal iterations.',
            paper='ReMaX, Fig. 4',
            baseline='arm0',
            metric=f'coco_panoptic/{metric}',
            higher_is_better=True,
            command='python tools/experiments/run.py STUDY.py --seeds 3',
            file='configs/studies/convergence.py',
        ),
        machine=dict(
            cpu='Example CPU',
            cores=2,
            threads=1,
            memory_gb=8,
            device='cpu',
            platform='Linux',
            python='3.11',
            torch='2.13.0',
            commit='0123abc',
        ),
        arms=arms,
    )
    summarise(result)
    return result


def make_run(
    arm: int, seed: int, metric: str, iters: int, histograms: bool
) -> dict:
    """Make one finished run."""
    rng = np.random.default_rng(100 * arm + seed)
    luck = np.random.default_rng(seed).normal(0, 1)
    steps = np.arange(iters // 6, iters + 1, iters // 6)
    best = 34 + 1.8 * arm + luck + rng.normal(0, 0.9)
    scores = best * (1 - np.exp(-(2.5 + 0.4 * arm) * steps / iters))
    curve = [
        dict(iter=int(step), SQ=70.0, RQ=50.0, PQ_th=score - 9,
             PQ_st=score + 30) | {metric: score}
        for step, score in zip(steps, scores.tolist(), strict=True)
    ]  # fmt: skip
    records = np.arange(10, iters + 1, 10)
    loss = 12 * np.exp(-2 * records / iters) + rng.gamma(4, 0.3, len(records))
    run = dict(
        seed=seed,
        status='finished',
        error=None,
        iters=iters,
        curve=curve,
        final={k: v for k, v in curve[-1].items() if k != 'iter'},
        losses=dict(
            iter=records.tolist(),
            loss=(loss * (1 + arm)).tolist(),
            loss_mask=(0.3 * loss).tolist(),
            loss_cls=(0.2 * loss).tolist(),
            **{'d0.loss_cls': loss.tolist()},
        ),
        grad_norm=dict(
            iter=records.tolist(),
            value=rng.lognormal(1 + 0.3 * arm, 0.5, len(records)).tolist(),
        ),
        diagnostics=dict(
            iter=records.tolist(),
            **{'d0.m_hat_mean': (3 - 2 * records / iters).tolist()},
        ),
        step_s=0.3 + 0.04 * arm,
        wall_s=310.0 + 40 * arm + seed,
        peak_memory_mb=900.0 + 120 * arm,
    )
    if histograms:
        edges = np.linspace(-1, 4, 51)
        values = rng.normal((0.4, 2.5, 1.5, 1)[arm % 4], 0.4, 900)
        counts = np.histogram(values, edges)[0]
        run['histograms'] = dict(
            log10_fp_fn=dict(edges=edges.tolist(), counts=counts.tolist()),
            log10_fp_fn_d0=dict(
                edges=edges.tolist(), counts=counts[::-1].tolist()
            ),
        )
    return run


def summarise(result: dict) -> None:
    """Fill in `summary` and `paired` from the finished runs."""
    finals = [
        {r['seed']: r['final'] for r in arm['runs'] if r.get('final')}
        for arm in result['arms']
    ]
    base = result['study']['metric'].split('/')[-1]
    for arm, mine in zip(result['arms'], finals, strict=True):
        names = {name for final in mine.values() for name in final}
        arm['summary'], arm['paired'] = {}, {}
        for name in names:
            values = [final[name] for final in mine.values()]
            arm['summary'][name] = dict(
                mean=float(np.mean(values)),
                spread=float(np.std(values, ddof=1)) if values[1:] else None,
                n=len(values),
            )
        shared = [seed for seed in mine if seed in finals[0]]
        if arm is not result['arms'][0] and len(shared) > 1:
            gaps = [mine[s][base] - finals[0][s][base] for s in shared]
            mean, sem = float(np.mean(gaps)), float(stats.sem(gaps))
            half = float(stats.t.ppf(0.975, len(gaps) - 1)) * sem
            arm['paired'] = {
                base: dict(differences=gaps, mean=mean, low=mean - half,
                           high=mean + half, level=0.95)
            }  # fmt: skip


def fail(run: dict, error: str = 'RuntimeError: loss is NaN') -> None:
    """Let a run fail half-way."""
    half = len(run['curve']) // 2
    run.update(
        status='failed', error=error, curve=run['curve'][:half], final=None
    )
    run.pop('histograms', None)


def add_predictions(result: dict, folder: Path, num: int = 2) -> None:
    """Give the first run of every arm sample pictures."""
    rng = np.random.default_rng(0)

    def picture(name: str) -> str:
        tiles = rng.integers(40, 255, (4, 5, 3), dtype=np.uint8)
        path = folder / 'pictures' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        tiles = tiles.repeat(40, axis=0).repeat(40, axis=1)
        Image.fromarray(tiles).save(path)
        return f'pictures/{name}'

    for arm in result['arms']:
        arm['runs'][0]['predictions'] = [
            dict(
                image=f'image{index}',
                input=picture(f'input{index}.png'),
                gt=picture(f'gt{index}.png'),
                prediction=picture(f'{arm["name"]}_{index}.png'),
            )
            for index in range(num)
        ]


def write(result: dict, folder: Path) -> Path:
    """Write result.json."""
    path = folder / 'result.json'
    path.write_text(json.dumps(result))
    return path
