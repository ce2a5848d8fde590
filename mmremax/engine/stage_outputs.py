"""What each stage of the decoder would answer, were it the last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from mmremax.kmax.head import KMaXHead
from mmremax.kmax.layers import (
    aligns_corners,
    resize_like_kmax,
)


@torch.no_grad()
def stage_output(
    head: KMaXHead,
    feats: tuple[Tensor, ...],
    stage: int | None,
    is_relaxed: bool = False,
) -> tuple[Tensor, Tensor]:
    """Predict with the output of one stage, on the final output's grid.

    With `is_relaxed` the semantic branch stays at test time, as in the
    comparison of ReMaX Table 5: the masks are m_tilde of Eq. 2.

    Args:
        head: In evaluation mode, with its semantic branch if one is asked
            for.
        feats: Backbone features. (B, C, h, w) each.
        stage: Index of the layer; None for the final output.
        is_relaxed: Relax the masks by Eq. 1-2.

    Returns:
        Class logits (B, Q, K + 1) and mask logits (B, Q, H, W), as
        `KMaXHead.predict` returns them.

    Raises:
        ValueError: The stage has no semantic branch to relax with.
    """
    predictions, _, semantic_logits = head.forward_train(feats)
    size = predictions[-1].mask_logits.shape[-2:]
    output = predictions[-1 if stage is None else stage]
    mask_logits = resize_like_kmax(
        output.mask_logits, size, aligns_corners(size[0])
    )
    if is_relaxed:
        if stage is None or stage >= len(semantic_logits):
            raise ValueError(
                f'Stage {stage} is not relaxed: the semantic branch has '
                f'{len(semantic_logits)} stages.'
            )
        mask_logits = head.mask_loss.relax(
            mask_logits, output.class_logits, semantic_logits[stage]
        )
    return output.class_logits, mask_logits


@contextmanager
def answering_from(
    head: KMaXHead, stage: int | None, is_relaxed: bool = False
) -> Iterator[None]:
    """Let a head's `predict` answer from a stage inside a ``with`` block.

    Args:
        head: See stage_output.
        stage: See stage_output.
        is_relaxed: See stage_output.
    """

    def predict(
        feats: tuple[Tensor, ...], batch_data_samples: list | None = None
    ) -> tuple[Tensor, Tensor]:
        return stage_output(head, feats, stage, is_relaxed)

    head.predict = predict
    try:
        yield
    finally:
        del head.predict  # the class's own is there again
