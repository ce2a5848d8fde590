"""What one output of the transformer decoder says about an image batch.

Letters: B images, Q queries, K real classes, D and C channels, h w the
stride of the output (see docs/notation.md).
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass
class LayerPrediction:
    """One prediction of the decoder: of a layer's input query, or the final.

    Attributes:
        class_logits: Logits, no_object last; the void prior is included.
            (B, Q, K + 1).
        mask_logits: Logits, competing over the queries. (B, Q, h, w).
        pixel_feature: Unit length over channels. (B, D, h, w).
        key: Projected pixel feature of the layer; None for the final
            output. (B, C, h', w'), at the layer's own stride even where the
            others were resized.
        memory: The pixel decoder's output that the key was projected from;
            None for the final output. (B, C', h', w').
        prefix: Of its losses in the log: `d{i}.` for layer i, empty for the
            final output.
        is_relaxed: Whether the mask loss may relax the masks (ReMaX).
        semantic_logits: Of the semantic branch beside the layer, logits;
            None where there is no branch. (B, K, h', w').
    """

    class_logits: Tensor
    mask_logits: Tensor
    pixel_feature: Tensor
    key: Tensor | None = None
    memory: Tensor | None = None
    prefix: str = ''
    is_relaxed: bool = False
    semantic_logits: Tensor | None = None
