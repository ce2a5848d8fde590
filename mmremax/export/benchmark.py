"""Speed, memory and accuracy of the ways to run a model."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from mmremax.inference import Predictor
from mmremax_runtime import Segmentation
from mmremax_runtime.model import GRAPH, Model, load
from mmremax_runtime.sessions import NETWORK, ModelError, open_session

from .check import different_pixels

EAGER = 'eager'
MIB = 2**20
COLD = """
import json, resource, sys
from pathlib import Path
import numpy as np
from mmremax_runtime.model import load
folder, provider, precision, threads, height, width = sys.argv[1:]
model = load(folder, provider, precision, int(threads))
model.predict(np.zeros((int(height), int(width)), np.uint8))
usage = resource.getrusage(resource.RUSAGE_SELF)
assert 'torch' not in sys.modules
# ru_maxrss would be the larger one of the process that started this one.
status = Path('/proc/self/status').read_text().split()
peak = int(status[status.index('VmHWM:') + 1]) * 1024
print(json.dumps([usage.ru_utime + usage.ru_stime, peak]))
"""
COLD_STARTS = 3


@dataclass(frozen=True)
class Way:
    """One way to run a model.

    Attributes:
        segment: Segments an image, RGB uint8 (H, W, 3).
        network: Runs the network alone on it.
        folder: Of the export; None is eager.
        provider: See `mmremax_runtime.model.load`.
        precision: The same.
    """

    segment: Callable[[np.ndarray], Segmentation]
    network: Callable[[np.ndarray], object]
    folder: Path | None = None
    provider: str = ''
    precision: str = ''


def ways_of(
    predictor: Predictor, folders: Sequence[Path], threads: int
) -> dict[str, Way]:
    """Open a model in all ways that this machine has, by name.

    Others are named on the standard error.

    Raises:
        ModelError: There is none beside eager.
    """
    half = Predictor(predictor.model, 'bfloat16')
    ways = {EAGER: _eager(predictor), f'{EAGER} bfloat16': _eager(half)}
    for folder in folders:
        for provider, precision in (
            ('onnxruntime', 'float32'),
            ('openvino', 'float32'),
            ('openvino', 'bfloat16'),
        ):
            name = f'{provider} {precision}'
            if len(folders) > 1:
                name = f'{folder.name}, {name}'
            try:
                model = load(folder, provider, precision, threads)
            except ModelError as error:
                print(f'left out: {name}: {error}', file=sys.stderr)
                continue
            network = _network(folder, provider, precision, threads, model)
            ways[name] = Way(
                lambda image, model=model: model.segment([image])[0],
                network,
                folder,
                provider,
                precision,
            )
    if all(way.folder is None for way in ways.values()):
        raise ModelError('No export could be opened, see above.')
    return ways


def cpu() -> str:
    """Name the CPU, and whether it has AMX, which makes bfloat16 fast."""
    text = Path('/proc/cpuinfo').read_text()
    found = re.search(r'^model name\s*: (.*)$', text, re.M)
    amx = 'with' if 'amx_bf16' in text else 'without'
    return f'{found[1] if found else "unknown CPU"}, {amx} AMX'


def measure(
    ways: dict[str, Way], images: Sequence[np.ndarray], rounds: int
) -> dict[str, dict]:
    """Let the ways take turns; the first one is what others are compared to.

    Returns:
        By name: `seconds` of an image and `post_seconds`, of it without the
        network, both of processor time, medians over the rounds and then
        means over the images; `ratio`, how much faster than the first way;
        `wrong`, the part of the pixels that differ from its map.
    """
    spent = {name: np.zeros((2, rounds, len(images))) for name in ways}
    wrong = dict.fromkeys(ways, 0)
    for number, image in enumerate(images):
        expected = None
        for name, way in ways.items():  # untimed
            way.network(image)
            found = way.segment(image)
            expected = expected or found
            wrong[name] += different_pixels(expected, found)
        for turn in range(rounds):
            for name, way in ways.items():
                for kind, run in enumerate((way.segment, way.network)):
                    start = time.process_time()
                    run(image)
                    spent[name][kind, turn, number] = (
                        time.process_time() - start
                    )
    pixels = sum(image.shape[0] * image.shape[1] for image in images)
    first = next(iter(spent.values()))[0]
    return {
        name: dict(
            seconds=float(np.median(both[0], 0).mean()),
            post_seconds=float(np.median(both[0] - both[1], 0).mean()),
            ratio=float(np.median(first.sum(1) / both[0].sum(1))),
            wrong=wrong[name] / pixels,
        )
        for name, both in spent.items()
    }


def cold_start(way: Way, shape: tuple[int, ...], threads: int) -> dict:
    """Load and segment one image in a fresh process without torch.

    Returns:
        `start_seconds` by the clock, from the command to the result, the
        best of COLD_STARTS; of that one `start_cpu_seconds` and
        `peak_bytes`, resident (both of Linux).
    """
    command = [sys.executable, '-c', COLD, str(way.folder.resolve())]
    command += [way.provider, way.precision, str(threads)]
    command += map(str, shape[:2])
    return min(
        (_start(command) for _ in range(COLD_STARTS)),
        key=lambda found: found['start_seconds'],
    )


def table(numbers: dict[str, dict]) -> str:
    """Lay the numbers out as Markdown."""
    rows = [
        '| way | ms | x | of it post-processing | pixels that differ | PQ | '
        'cold start, s (CPU) | peak memory, MB |',
        '|---|---|---|---|---|---|---|---|',
    ]
    for name, n in numbers.items():
        quality = start = memory = '-'
        if 'PQ' in n:
            quality = f'{n["PQ"]:.2f}'
        if 'peak_bytes' in n:
            start = f'{n["start_seconds"]:.1f} ({n["start_cpu_seconds"]:.1f})'
            memory = f'{n["peak_bytes"] / MIB:.0f}'
        rows.append(
            f'| {name} | {1e3 * n["seconds"]:.1f} | {n["ratio"]:.2f} | '
            f'{1e3 * n["post_seconds"]:.1f} | {n["wrong"]:.1e} | '
            f'{quality} | {start} | {memory} |'
        )
    return '\n'.join(rows)


def _start(command: list[str]) -> dict:
    """Run COLD once; see `cold_start`."""
    start = time.perf_counter()
    result = subprocess.run(
        command,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    clock = time.perf_counter() - start
    used, peak = json.loads(result.stdout)
    return dict(start_seconds=clock, start_cpu_seconds=used, peak_bytes=peak)


def _eager(predictor: Predictor) -> Way:
    """Make the way of PyTorch."""

    def network(image: np.ndarray) -> object:
        return predictor.run_network([image])

    return Way(lambda image: predictor.segment([image])[0], network)


def _network(
    folder: Path, provider: str, precision: str, threads: int, model: Model
) -> Callable[[np.ndarray], object]:
    """Open the part of a graph up to the logits."""
    graph = onnx.utils.Extractor(onnx.load(folder / GRAPH)).extract_model(
        ['image'], list(NETWORK)
    )
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / GRAPH
        onnx.save(graph, path)
        session = open_session(path, provider, precision, threads)

    def network(image: np.ndarray) -> object:
        feed = model.feed([image])
        return session.run(dict(image=feed['image']), NETWORK)

    return network
