"""The tool that draws pilot masks runs and writes."""

import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]


def run(name: str, *options: str) -> str:
    command = [sys.executable, str(ROOT / 'tools/analysis' / name), *options]
    return subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout


def test_show_pilots(tmp_path: Path) -> None:
    out = tmp_path / 'pilots.png'
    run('show_pilots.py', '--out', str(out), '--noise', '0.5')
    with Image.open(out) as image:
        assert image.width > image.height > 100
