"""What the shell scripts would start; `srun` and Python are stand-ins."""

import os
import subprocess

import pytest

from tests.helpers.scripts import ROOT

TOOLS = ROOT / 'tools'
DIST = '-m torch.distributed.run'
SRUN = '-p part --job-name job --ntasks'


@pytest.mark.parametrize(
    ('command', 'variables', 'words'),
    [
        (  # one machine takes a free port
            'dist_train.sh c.py 2 --amp',
            '',
            f'{DIST} --standalone --nproc-per-node 2 {TOOLS}/train.py c.py '
            '--launcher pytorch --amp',
        ),
        (  # several meet at a port
            'dist_test.sh c.py w.pth 8',
            'NNODES=2 NODE_RANK=1 MASTER_ADDR=host PORT=1234',
            f'{DIST} --nnodes 2 --node-rank 1 --master-addr host '
            f'--master-port 1234 --nproc-per-node 8 {TOOLS}/test.py c.py '
            'w.pth --launcher pytorch',
        ),
        (
            'slurm_train.sh part job c.py --amp',
            "GPUS=4 SRUN_ARGS='--time 60 --quiet'",
            f'{SRUN} 4 --cpus-per-task 5 --kill-on-bad-exit 1 --gres gpu:4 '
            '--ntasks-per-node 4 --time 60 --quiet srun -u '
            f'{TOOLS}/train.py c.py --amp --launcher slurm',
        ),
        (  # without GPUS
            'slurm_test.sh part job c.py w.pth',
            'GPUS=2 GPUS_PER_NODE=0',
            f'{SRUN} 2 --cpus-per-task 5 --kill-on-bad-exit 1 srun -u '
            f'{TOOLS}/test.py c.py w.pth --launcher slurm',
        ),
    ],
)
def test_command(tmp_path, command, variables, words):
    stand_in = tmp_path / 'srun'
    stand_in.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    stand_in.chmod(0o755)
    path = f'{tmp_path}:{os.environ["PATH"]}'
    process = subprocess.run(
        ['bash', '-c', f'{variables} bash {TOOLS}/{command}'],
        env=os.environ | {'PATH': path, 'PYTHON': 'srun'},
        cwd='/',
        capture_output=True,
        text=True,
    )
    assert process.stdout.splitlines() == words.split(), process.stderr


def test_usage_without_arguments():
    scripts = [*TOOLS.glob('dist_*.sh'), *TOOLS.glob('slurm_*.sh')]
    assert len(scripts) == 4
    for script in scripts:
        process = subprocess.run(
            ['bash', script], capture_output=True, text=True
        )
        assert process.returncode == 2
        assert f'tools/{script.name} ' in process.stderr
