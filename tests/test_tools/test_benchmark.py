import json
import runpy
import sys
from pathlib import Path

import pytest

from mmremax.engine.data_timing import (
    CONFIGURED,
    PLAIN,
    STOCK,
)

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs/quickstart/remax_mnv3-s_shapes.py'


def benchmark(monkeypatch, path: Path, *arguments) -> dict:
    argv = ['benchmark', CONFIG, '--iters', 2, '--json', path, *arguments]
    monkeypatch.setattr(sys, 'argv', list(map(str, argv)))
    runpy.run_path(
        str(ROOT / 'tools/analysis/benchmark.py'), run_name='__main__'
    )
    return json.loads(path.read_text())


@pytest.mark.parametrize(
    ('mode', 'parts'),
    [
        ('train', ['data', 'forward', 'loss', 'backward', 'optimizer']),
        ('infer', ['data', 'forward', 'post-processing']),
    ],
)
@pytest.mark.parametrize('is_read', [True, False])
def test_parts_add_up(
    tmp_path, monkeypatch, capsys, shapes_root, mode, parts, is_read
):
    source = ('--data-root', shapes_root) if is_read else ('--amp',)
    numbers = benchmark(
        monkeypatch,
        tmp_path / 'benchmark.json',
        *('--mode', mode, '--batch-size', 2, '--segments', 5, *source),
    )
    seconds = numbers['seconds']
    assert list(seconds) == parts
    assert min(seconds.values()) >= 0
    assert numbers['data'] == ('read' if is_read else 'drawn, 5 segments')
    assert numbers['step_seconds'] == pytest.approx(
        sum(seconds.values()) - seconds['data']
    )
    assert numbers['images_per_second'] == pytest.approx(
        2 / numbers['step_seconds']
    )
    assert numbers['peak_memory'] >= numbers['memory_before'] > 2**26
    assert numbers['matmul_gflops'] > 0
    assert 'images per second' in capsys.readouterr().out


def test_loading_is_timed_beside_that_of_mmdet(
    tmp_path, monkeypatch, capsys, shapes_root
):
    numbers = benchmark(
        monkeypatch,
        tmp_path / 'benchmark.json',
        *('--mode', 'data', '--data-root', shapes_root, '--shape', 65, 97),
    )
    assert numbers['shape'] == [65, 97]
    assert numbers['samples'] == 2
    assert list(numbers['loaders']) == [CONFIGURED, PLAIN, STOCK]
    for spent in numbers['loaders'].values():
        assert 0 < spent['cpu_seconds']
        assert 0 < spent['wall_seconds']
        assert spent['samples_per_core_second'] == pytest.approx(
            1 / spent['cpu_seconds']
        )
    assert 'samples / core s' in capsys.readouterr().out


def test_loading_needs_data(tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match='--data-root'):
        benchmark(
            monkeypatch,
            tmp_path / 'benchmark.json',
            *('--mode', 'data', '--data-root', tmp_path),
        )
