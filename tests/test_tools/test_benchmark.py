import json

import cv2
import pytest
import torch
from mmengine.config import Config

from tests.helpers.scripts import ROOT, load_script, run_script

TOOL = 'tools/analysis/benchmark.py'
LOADING = 'tools/analysis/benchmark_loading.py'
CONFIG = ROOT / 'configs/quickstart/remax_mnv3-s_shapes.py'
BASE = ROOT / 'configs/quickstart/kmax_mnv3-s_shapes.py'


@pytest.fixture
def threads():
    """What the loading changes."""
    before = cv2.getNumThreads(), torch.get_num_threads()
    yield
    cv2.setNumThreads(before[0])
    torch.set_num_threads(before[1])


@pytest.fixture
def benchmark(tmp_path, monkeypatch):
    def run(*arguments) -> dict:
        path = tmp_path / 'new' / 'benchmark.json'
        run_script(monkeypatch, TOOL, *arguments, '--json', path)
        return json.loads(path.read_text())

    return run


PARTS = dict(
    train=['forward', 'losses', 'backward', 'optimizer'],
    infer=['forward', 'post-processing'],
)


@pytest.mark.parametrize('mode', PARTS)
def test_parts_add_up(benchmark, capsys, shapes_root, mode):
    """On data that are read, and on made images in mixed precision."""
    common = ('--mode', mode, '--batch-size', 2, '--iters')
    made = benchmark(CONFIG, *common, 1, '--amp', '--segments', 5)
    assert made['data'] == 'synthetic, 5 segments'
    data = ('--data-root', shapes_root)
    numbers = benchmark(CONFIG, BASE, *common, 2, *data)  # take turns
    assert numbers['data'] == 'read'
    (only,), (first, second) = made['runs'].values(), numbers['runs'].values()
    for run in (only, first, second):
        assert list(run['seconds']) == list(run['cpu_seconds']) == PARTS[mode]
        assert min(run['seconds'].values()) > 0
        total = sum(run['seconds'].values())
        assert run['step_seconds'] == pytest.approx(total)
        assert run['images_per_second'] == pytest.approx(2 / total)
    assert only['ratio'] == first['ratio'] == 1
    assert 0 < second['ratio'] != 1
    assert numbers['peak_memory'] > 2**26
    assert numbers['matmul_gflops'] > 0
    assert 'images per second' in capsys.readouterr().out


def test_ratio_is_the_median_over_turns():
    """1, 2, 8 of one against 2, 2, 24 of the other: 2, 1, 3."""
    tool = load_script(TOOL)
    watches = {}
    for name, seconds in (('a', [1, 2, 8]), ('b', [2, 2, 24])):
        watches[name] = tool['Stopwatch'](torch.device('cpu'))
        for part in (0.25, 0.75):
            watches[name].spent[f'{part}'] = [
                (part * s / 2, part * s) for s in (99, *seconds)
            ]
    runs = tool['summaries'](watches, warmup=1, images=4)
    assert runs['b']['ratio'] == 2
    assert runs['a']['cpu_seconds'] == {'0.25': 0.5, '0.75': 1.5}
    assert runs['a']['images_per_second'] == 4


@pytest.mark.usefixtures('threads')
def test_loading_is_timed_beside_that_of_mmdet(
    monkeypatch, capsys, shapes_root
):
    options = ('--data-root', shapes_root, '--shape', 65, 97, '--iters', 2)
    run_script(monkeypatch, LOADING, CONFIG, *options)
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split(' | ') for line in lines if line.startswith('| ')]
    assert [row[0][2:] for row in rows] == [
        'pipeline',
        'as configured',
        'no copy-paste, no colors',
        "mmdet's large-scale jitter",
    ]
    assert all(float(row[1]) > 0 for row in rows[1:])
    assert rows[-1][2] == '1.00 |'
    # All load the same images, within the crop.
    dataset = Config.fromfile(CONFIG).train_dataloader.dataset
    dataset.data_root = str(shapes_root)
    before = dataset.to_dict()
    loaders = load_script(LOADING)['loaders'](dataset, (65, 97))
    *_, stock = loaders.values()
    assert dataset.to_dict() == before
    for index in range(4):
        samples = [load(index) for load in loaders.values()]
        assert len({int(s['data_samples'].img_id) for s in samples[1:]}) == 1
        for sample in samples:
            height, width = sample['inputs'].shape[1:]
            assert height <= 65
            assert width <= 97
    sample = stock(0)['data_samples']
    assert sample.gt_instances.masks.masks.shape[1:] == sample.img_shape
    assert sample.gt_sem_seg.sem_seg.shape[1:] == sample.img_shape


@pytest.mark.usefixtures('threads')
def test_waiting_of_a_step_is_measured_by_workers(
    monkeypatch, capsys, shapes_root
):
    monkeypatch.setattr('os.cpu_count', lambda: 3)
    options = ('--data-root', shapes_root, '--shape', 65, 97, '--iters', 3)
    run_script(monkeypatch, LOADING, CONFIG, *options, '--step', 0.1)
    title, *table = capsys.readouterr().out.splitlines()
    assert title == 'A step of 0.1 s, 8 images:'
    rows = [line[2:-2].split(' | ') for line in table[3:]]
    assert [row[0] for row in rows] == ['0', '1', '2']
    for _, wait, speed in rows:
        seconds = 8 / float(speed)
        assert seconds - 0.1 == pytest.approx(float(wait) / 1e3, abs=2e-3)


@pytest.mark.usefixtures('threads')
def test_what_needs_data_says_so(benchmark, monkeypatch, tmp_path):
    nowhere = ('--data-root', tmp_path)
    with pytest.raises(SystemExit, match='This reads the training data'):
        run_script(monkeypatch, LOADING, CONFIG, *nowhere)
    mask2former = 'mask2former/mask2former-remax_r50_coco-panoptic.py'
    with pytest.raises(SystemExit, match='KMaXDeepLab alone'):
        benchmark(ROOT / 'configs' / mask2former, *nowhere)


def test_ways_of_running_give_the_same_masks(monkeypatch, capsys):
    monkeypatch.syspath_prepend(ROOT / 'tools/analysis')
    options = ('--shape', 65, 65, '--iters', 1, '--without', 'compile')
    path = 'tools/analysis/benchmark_inference.py'
    run_script(monkeypatch, path, CONFIG, *options)
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split(' | ') for line in lines if line.startswith('| ')]
    assert [row[0][2:] for row in rows] == [
        'network',
        'eager',
        'channels last',
        'bfloat16',
        'channels last + bfloat16',
    ]
    assert all(float(row[1]) > 0 for row in rows[1:])
    assert float(rows[2][-1][:-2]) < 0.01
