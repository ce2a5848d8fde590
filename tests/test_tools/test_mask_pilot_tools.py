"""The two tools around mask-piloted training run and write."""

import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]
STUDIES = 'configs/studies/mask2former'


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


def test_compare_steps(shapes_root: Path) -> None:
    text = run(
        'compare_steps.py',
        f'{STUDIES}/mask2former_shapes.py',
        f'{STUDIES}/mp-former_shapes.py',
        '--data-root',
        str(shapes_root),
        '--iters',
        '1',
    )
    assert 'mp-former_shapes: ' in text
    assert float(text.rsplit('ratio: ', 1)[1]) > 0
