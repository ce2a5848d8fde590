"""What the shell scripts would start; `srun` and Python are stand-ins."""

import os
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / 'tools'


def start(script: str, folder: Path, *arguments, **variables) -> list[str]:
    """Run a script; give the words it would execute."""
    stand_in = folder / 'srun'
    stand_in.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    stand_in.chmod(0o755)
    process = subprocess.run(
        ['bash', TOOLS / script, *arguments],
        env=os.environ
        | {'PATH': f'{folder}:{os.environ["PATH"]}', 'PYTHON': str(stand_in)}
        | variables,
        cwd='/',
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout.splitlines()


def test_one_machine_takes_a_free_port(tmp_path):
    words = start('dist_train.sh', tmp_path, 'c.py', '2', '--amp')
    assert words == [
        '-m',
        'torch.distributed.run',
        '--standalone',
        '--nproc-per-node',
        '2',
        str(TOOLS / 'train.py'),
        'c.py',
        '--launcher',
        'pytorch',
        '--amp',
    ]


def test_several_machines_meet_at_a_port(tmp_path):
    words = start(
        'dist_test.sh',
        tmp_path,
        *('c.py', 'w.pth', '8'),
        NNODES='2',
        NODE_RANK='1',
        MASTER_ADDR='host',
        PORT='1234',
    )
    text = ' '.join(words)
    assert '--nnodes 2 --node-rank 1' in text
    assert '--master-addr host --master-port 1234' in text
    assert text.endswith('test.py c.py w.pth --launcher pytorch')


def test_slurm_asks_for_gpus_and_passes_options_on(tmp_path):
    words = start(
        'slurm_train.sh',
        tmp_path,
        *('part', 'job', 'c.py', '--amp'),
        GPUS='4',
        SRUN_ARGS='--time 60 --quiet',
    )
    text = ' '.join(words)
    assert '-p part --job-name job --ntasks 4' in text
    assert '--gres gpu:4 --ntasks-per-node 4' in text
    assert '--time 60 --quiet' in text
    assert text.endswith('train.py c.py --amp --launcher slurm')


def test_slurm_without_gpus(tmp_path):
    words = start(
        'slurm_test.sh',
        tmp_path,
        *('part', 'job', 'c.py', 'w.pth'),
        GPUS='2',
        GPUS_PER_NODE='0',
    )
    assert '--gres' not in words
    assert words[-4:] == ['c.py', 'w.pth', '--launcher', 'slurm']


@pytest.mark.parametrize(
    'script',
    ['dist_train.sh', 'dist_test.sh', 'slurm_train.sh', 'slurm_test.sh'],
)
def test_usage_without_arguments(script):
    process = subprocess.run(
        ['bash', TOOLS / script], capture_output=True, text=True
    )
    assert process.returncode == 2
    assert f'tools/{script} ' in process.stderr
