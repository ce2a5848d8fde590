"""Results that are made twice, in place of being kept for the backward pass.

A batch norm keeps its input, the GELU behind it the result of the norm, the
convolution behind that the result of the GELU: three maps, of which the last
two cost little to make again from the first.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from torch import Tensor
from torch.autograd.graph import Node, saved_tensors_hooks
from torch.nn import functional as F


def recomputing() -> AbstractContextManager:
    """Keep no result of a batch norm or GELU that runs inside.

    Statistics of norms are updated once, as always; gradients are the same
    to the last bit where both operators are deterministic. A SyncBatchNorm
    keeps its result.
    """
    return saved_tensors_hooks(_pack, _unpack)


def _pack(tensor: Tensor) -> Tensor | Node:
    """Keep a tensor, or the node of the graph that can make it again."""
    node = tensor.grad_fn
    maker = MAKERS.get(type(node).__name__)
    if maker is _batch_norm and not hasattr(_bias_node(node), 'variable'):
        return tensor  # the graph does not know a frozen bias
    return tensor if maker is None else node


def _unpack(kept: Tensor | Node) -> Tensor:
    if isinstance(kept, Tensor):
        return kept
    return MAKERS[type(kept).__name__](kept)


def _gelu(node: Node) -> Tensor:
    return F.gelu(node._saved_self, approximate=node._saved_approximate)


def _batch_norm(node: Node) -> Tensor:
    """Normalise as before; the running statistics are not updated again."""
    training = node._saved_training
    is_cudnn = hasattr(node, '_saved_epsilon')
    return F.batch_norm(
        node._saved_input,
        None if training else node._saved_running_mean,
        None if training else node._saved_running_var,
        node._saved_weight,
        _bias_node(node).variable,
        training=training,
        eps=node._saved_epsilon if is_cudnn else node._saved_eps,
    )


def _bias_node(node: Node) -> Node | None:
    """The node that adds up a parameter's gradient, if it is one."""
    return node.next_functions[2][0]


MAKERS = {
    'GeluBackward0': _gelu,
    'NativeBatchNormBackward0': _batch_norm,
    'CudnnBatchNormBackward0': _batch_norm,
}
