"""What the terms of all losses share: their average, their activations."""

from torch import Tensor


def mean_over(terms: Tensor, counts: Tensor) -> Tensor:
    """Average the terms of an image that count, then the images.

    The published kMaX-DeepLab code divides by the number of terms that are
    not exactly 0: those of void and of weight 0. So do terms that float32
    rounds to 0, where a prediction is sure; here they count.

    Args:
        terms: (B, N).
        counts: Which of them count, (B, N); an image of none is 0.
    """
    total = (terms * counts).sum(1)
    return (total / counts.sum(1).clamp(min=1)).mean()


def known_activation(loss: object, activation: str) -> str:
    """Return 'softmax' or 'sigmoid'; anything else is a ValueError."""
    if activation not in ('softmax', 'sigmoid'):
        raise ValueError(
            f'{type(loss).__name__}: {activation=}; use softmax or sigmoid.'
        )
    return activation
