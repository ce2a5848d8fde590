"""The tool on the quickstart's kMaX and ReMaX, a few steps."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STUDY = f"""
title = 'Few steps'
claim = 'none'
paper = 'none'
baseline = 'kmax'
seeds = 1
train_arguments = ['--no-pretrained']
options = {{
    'train_cfg.max_iters': 4,
    'train_cfg.val_interval': 2,
    'default_hooks.logger.interval': 1,
    'default_hooks.checkpoint.interval': 2,
    'train_dataloader.batch_size': 2,
    'model.test_cfg.pixel_threshold': 0.0,
    'model.test_cfg.thing_threshold': 0.0,
    'model.test_cfg.stuff_threshold': 0.0,
    'model.test_cfg.overlap_threshold': 0.0,
}}
arms = {{
    _name: dict(config='{ROOT}/configs/quickstart/%s_mnv3-s_shapes.py' % _name)
    for _name in ('kmax', 'remax')
}}
"""


def call(study: Path, *arguments: object) -> subprocess.CompletedProcess:
    """Run the tool as a user does."""
    return subprocess.run(
        [
            sys.executable,
            ROOT / 'tools/experiments/run.py',
            study,
            '--out',
            study.parent / 'out',
            *map(str, arguments),
        ],
        env=os.environ | {'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_real_runs_and_a_lost_last_validation(
    tmp_path: Path, shapes_root: Path
) -> None:
    """The scores of tools/test.py are those of the validation."""
    study = tmp_path / 'few.py'
    study.write_text(STUDY)
    process = call(study)
    assert process.returncode == 1
    assert '--data-root' in process.stderr

    process = call(study, '--data-root', shapes_root)
    assert process.returncode == 0, process.stderr
    assert 'Few steps' in process.stdout
    path = tmp_path / 'out' / 'result.json'
    result = json.loads(path.read_text())
    for arm in result['arms']:
        (run,) = arm['runs']
        assert run['status'] == 'finished'
        assert [point['iter'] for point in run['curve']] == [2, 4]
        assert {'PQ', 'SQ', 'RQ', 'PQ_th', 'PQ_st'} <= set(run['final'])
        assert run['losses']['iter'] == [1, 2, 3, 4]
        assert len(run['grad_norm']['value']) == 4
        assert sum(run['histograms']['log10_fp_fn']['counts']) == 16
        assert run['peak_memory_mb'] > 100
        assert len(run['predictions']) == 3
        for sample in run['predictions']:
            for key in ('input', 'gt', 'prediction'):
                assert (tmp_path / 'out' / sample[key]).is_file()
    assert 'd0.m_hat_mean' in result['arms'][1]['runs'][0]['diagnostics']

    # As a kill in the last validation of ReMaX leaves it.
    folder = tmp_path / 'out' / 'remax' / 'seed0'
    (scalars,) = folder.glob('work/*/vis_data/scalars.json')
    lines = scalars.read_text().splitlines()
    assert 'coco_panoptic/PQ' in lines[-1]
    scalars.write_text('\n'.join(lines[:-1]) + '\n')
    state = json.loads((folder / 'run.json').read_text())
    state['status'] = 'running'
    (folder / 'run.json').write_text(json.dumps(state))
    process = call(study, '--data-root', shapes_root)
    assert process.returncode == 0, process.stderr
    again = json.loads(path.read_text())
    assert (folder / 'scores.json').is_file()
    before, after = (one['arms'][1]['runs'][0] for one in (result, again))
    assert after['status'] == 'finished'
    assert after['final'] == before['final']

    # Another test of the same checkpoint: equal settings, equal scores.
    rescored = tmp_path / 'rescored.json'
    process = subprocess.run(
        [
            *(sys.executable, ROOT / 'tools/experiments/rescore.py'),
            *(tmp_path / 'out', '--out', rescored, '--arms', 'remax'),
            *('--cfg-options', 'model.test_cfg.overlap_threshold=0.0'),
        ],
        env=os.environ | {'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    (arm,) = json.loads(rescored.read_text())['arms']
    assert arm['runs'][0]['final'] == before['final']
