"""The command that accepts a GPU, on the CPU."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def check(*options: object) -> subprocess.CompletedProcess:
    command = [sys.executable, 'tools/gpu_check.py', *map(str, options)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_a_row_for_each_check(tmp_path):
    words = 'test_matching or skipped_updates'
    done = check('--device', 'cpu', '-k', words, '--out', tmp_path)
    assert done.returncode == 0, done.stderr
    report = (tmp_path / 'report.md').read_text()
    assert report.startswith('# CPU, ')
    assert '| test_matching | passed |' in report
    assert 'there is no loss scale on a CPU |' in report
    assert "{'passed': 1, 'skipped': 1}" in done.stdout
