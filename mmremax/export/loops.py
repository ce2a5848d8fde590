"""ONNX Scan as Loop, which OpenVINO converts, too."""

from __future__ import annotations

import onnx
from onnx import TensorProto, helper


def scans_to_loops(model: onnx.ModelProto) -> None:
    """Replace each Scan of the main graph by a Loop, in place.

    OpenVINO 2026.4 takes what a Scan's body reads from outside for states.
    """
    nodes = []
    for number, node in enumerate(model.graph.node):
        nodes += _loop(node, f'scan{number}_') if _is_scan(node) else [node]
    model.graph.ClearField('node')
    model.graph.node.extend(nodes)


def _is_scan(node: onnx.NodeProto) -> bool:
    """Tell a Scan along first axes, as torch exports it."""
    return node.op_type == 'Scan'


def _loop(node: onnx.NodeProto, prefix: str) -> list[onnx.NodeProto]:
    """Make the nodes that do what a Scan does."""
    attributes = {
        a.name: helper.get_attribute_value(a) for a in node.attribute
    }
    body, number = attributes.pop('body'), attributes.pop('num_scan_inputs')
    if any(map(any, attributes.values())):
        raise ValueError(f'Scan with {sorted(attributes)}')
    states, sources = list(node.input)[:-number], list(node.input)[-number:]
    step, go, stay, count = (
        prefix + name for name in ('step', 'go', 'stay', 'count')
    )
    parts = body.input[len(states) :]
    loop_body = helper.make_graph(
        [
            *(
                helper.make_node('Gather', [source, step], [part.name], axis=0)
                for source, part in zip(sources, parts, strict=True)
            ),
            *body.node,
            helper.make_node('Identity', [go], [stay]),
        ],
        body.name,
        [
            helper.make_tensor_value_info(step, TensorProto.INT64, []),
            helper.make_tensor_value_info(go, TensorProto.BOOL, []),
            *body.input[: len(states)],
        ],
        [
            helper.make_tensor_value_info(stay, TensorProto.BOOL, []),
            *body.output,
        ],
        list(body.initializer),
    )
    return [
        helper.make_node('Shape', [sources[0]], [count + '1'], start=0, end=1),
        helper.make_node('Squeeze', [count + '1'], [count]),
        helper.make_node(
            'Loop', [count, '', *states], list(node.output), body=loop_body
        ),
    ]
