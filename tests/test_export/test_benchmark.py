import time

import numpy as np
import pytest

from mmremax.export.benchmark import (
    EAGER,
    MIB,
    Way,
    cold_start,
    measure,
    table,
    ways_of,
)
from mmremax_runtime.sessions import ModelError


def spin(milliseconds: float) -> None:
    end = time.process_time() + milliseconds / 1e3
    while time.process_time() < end:
        pass


def test_times_and_pixels_of_known_ways(exported):
    """40 ms, of them 30 after the network; and 10 ms, one wrong row."""
    _, predictor, _ = exported
    image = np.zeros((20, 30, 3), np.uint8)
    right, wrong = (predictor.segment([image])[0] for _ in range(2))
    wrong.ids[0] += 1

    def way(found, network, both):
        def segment(_):
            spin(both)
            return found

        return Way(segment, lambda _: spin(network))

    ways = dict(slow=way(right, 10, 40), fast=way(wrong, 8, 10))
    found = measure(ways, [image] * 2, rounds=3)
    slow, fast = found['slow'], found['fast']
    assert slow['seconds'] == pytest.approx(0.04, rel=0.2)
    assert slow['post_seconds'] == pytest.approx(0.03, rel=0.2)
    assert fast['ratio'] == pytest.approx(4, rel=0.2)
    assert (slow['ratio'], slow['wrong']) == (1, 0)
    assert fast['wrong'] == pytest.approx(1 / 20)
    fast['PQ'] = 71.219
    assert '| fast | 10.' in table(found)
    assert '| 5.0e-02 | 71.22 | - |' in table(found)


def test_an_export_beside_its_model(exported, monkeypatch):
    folder, predictor, _ = exported
    monkeypatch.setattr('mmremax.export.benchmark.COLD_STARTS', 1)
    ways = ways_of(predictor, [folder], threads=1)
    exports = {'onnxruntime float32', 'openvino float32'}
    assert exports | {EAGER, f'{EAGER} bfloat16'} <= set(ways)
    ways = {name: ways[name] for name in (EAGER, 'onnxruntime float32')}
    found = measure(ways, [np.zeros((40, 50, 3), np.uint8)], rounds=1)
    numbers = found['onnxruntime float32']
    assert numbers['wrong'] == 0
    assert 0 < numbers['post_seconds'] < numbers['seconds']
    numbers |= cold_start(ways['onnxruntime float32'], (40, 50, 3), threads=1)
    assert 20 * MIB < numbers['peak_bytes'] < 300 * MIB  # torch alone has 200
    assert 0 < numbers['start_cpu_seconds']
    assert len(table(found).splitlines()) == 4


def test_what_cannot_be_opened_is_named(exported, tmp_path, capsys):
    with pytest.raises(ModelError, match='No export could be opened'):
        ways_of(exported[1], [tmp_path], threads=1)
    assert 'left out: openvino float32: ' in capsys.readouterr().err
