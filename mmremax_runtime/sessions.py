"""Runs model.onnx in ONNX Runtime or OpenVINO, on the CPU."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np

PROVIDERS = ('onnxruntime', 'openvino')
PRECISIONS = ('float32', 'bfloat16')
NETWORK = ('class_logits', 'mask_logits')  # the outputs of the network


class ModelError(ValueError):
    """An exported model cannot be used; the text says why."""


class Session(Protocol):
    """Runs a graph."""

    def run(
        self, feed: dict[str, np.ndarray], names: tuple[str, ...]
    ) -> list[np.ndarray]:
        """Compute the named outputs."""


def open_session(
    path: Path,
    provider: str = 'onnxruntime',
    precision: str = 'float32',
    threads: int | None = None,
) -> Session:
    """Open a graph.

    Args:
        path: Of model.onnx.
        provider: One of PROVIDERS.
        precision: In which the network computes; bfloat16 is OpenVINO's,
            on a CPU that has it. The pass over the pixels stays float32.
        threads: None leaves it to the provider: all cores.

    Raises:
        ModelError: The provider is not installed, does not read the file,
            or has no such precision.
    """
    if provider not in PROVIDERS:
        raise ModelError(f'provider={provider!r}: one of {PROVIDERS}.')
    if precision not in PRECISIONS:
        raise ModelError(f'precision={precision!r}: one of {PRECISIONS}.')
    if provider == 'onnxruntime' and precision != 'float32':
        raise ModelError(
            f"{precision} needs provider='openvino': ONNX Runtime computes "
            'float32 on a CPU.'
        )
    kind = dict(onnxruntime=OnnxRuntime, openvino=OpenVINO)[provider]
    try:
        return kind(path, precision, threads)
    except ModuleNotFoundError as error:
        raise ModelError(
            f'{provider} is not installed ({error}): pip install {provider}'
        ) from None
    except ModelError:
        raise
    except Exception as error:  # each provider has kinds of its own
        reason = ' '.join(str(error).split())[:300]
        raise ModelError(
            f'{provider} does not open {path}: {reason} Is it too old for '
            'the file? See made_by and opset in model.json.'
        ) from None


class OnnxRuntime:
    """ONNX Runtime; see `open_session`."""

    def __init__(self, path: Path, _: str, threads: int | None) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors
        options.intra_op_num_threads = threads or 0
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=['CPUExecutionProvider']
        )

    def run(
        self, feed: dict[str, np.ndarray], names: tuple[str, ...]
    ) -> list[np.ndarray]:
        """Compute the named outputs."""
        return self._session.run(names, feed)


class OpenVINO:
    """OpenVINO; see `open_session`.

    Its own default is bfloat16 wherever the CPU has it. Cut in two: integers
    in the pass over the pixels would not survive bfloat16.
    """

    def __init__(
        self, path: Path, precision: str, threads: int | None
    ) -> None:
        core = _core()
        has = core.get_property('CPU', 'OPTIMIZATION_CAPABILITIES')
        if precision == 'bfloat16' and 'BF16' not in has:
            raise ModelError('This CPU has no bfloat16: use float32.')
        model = core.read_model(str(path))
        settings = dict(PERFORMANCE_HINT='LATENCY')
        if threads is not None:
            settings['INFERENCE_NUM_THREADS'] = threads
        hints = ['bf16' if precision == 'bfloat16' else 'f32', 'f32']
        self._requests = [
            core.compile_model(
                part, 'CPU', dict(settings, INFERENCE_PRECISION_HINT=hint)
            ).create_infer_request()
            for part, hint in zip(_cut(model), hints, strict=False)
        ]

    def run(
        self, feed: dict[str, np.ndarray], names: tuple[str, ...]
    ) -> list[np.ndarray]:
        """Compute the named outputs."""
        known = dict(feed)
        for request in self._requests:
            inputs = request.model_inputs
            request.infer({i.any_name: known[i.any_name] for i in inputs})
            for output in request.model_outputs:
                known[output.any_name] = request.get_tensor(output).data
        # The requests own the memory, and will write to it again.
        return [known[name].copy() for name in names]


@cache
def _core() -> object:
    """Start OpenVINO once, and for good.

    Each start gives the thread a stack for signals and each end takes it
    back, to what it was before: where two overlap, to freed memory. The next
    signal, of a child that ends as well, would kill the process.
    """
    from openvino import Core

    return Core()


def _cut(model: object) -> list:
    """Cut a model after NETWORK: the network, and what reads its masks."""
    from openvino import Model, opset13

    sources = {
        output.any_name: output.node.input_value(0) for output in model.outputs
    }
    if set(sources) == set(NETWORK):
        return [model]
    masks = sources['mask_logits']
    stub = opset13.parameter(
        masks.partial_shape, masks.element_type, name='mask_logits'
    )
    stub.output(0).tensor.set_names({'mask_logits'})
    for target in masks.get_target_inputs():
        target.replace_source_output(stub.output(0))
    inputs = {p.output(0).any_name: p for p in model.get_parameters()}
    results = {}
    for name, source in sources.items():
        results[name] = opset13.result(source)
        results[name].output(0).tensor.set_names({name})
    network = Model(
        [results[name] for name in NETWORK], [inputs['image']], 'network'
    )
    rest = [result for name, result in results.items() if name not in NETWORK]
    # The image is asked for its shape alone.
    return [network, Model(rest, [stub, *inputs.values()], 'pixels')]
