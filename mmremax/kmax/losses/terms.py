"""What the terms of all losses share: their average, their activations."""

from torch import Tensor


def mean_over_nonzero(terms: Tensor) -> Tensor:
    """Average an image's non-zero terms, then the images.

    Terms are not negative, (B, N). Those that are exactly 0 (void,
    unmatched) leave the denominator; an image of nothing else counts as 0.

    Paper: the reduction of the published kMaX-DeepLab code.
    """
    count = (terms.detach() != 0).sum(1).clamp(min=1)
    return (terms.sum(1) / count).mean()


def known_activation(loss: object, activation: str) -> str:
    """Return 'softmax' or 'sigmoid'; anything else is a ValueError."""
    if activation not in ('softmax', 'sigmoid'):
        raise ValueError(
            f'{type(loss).__name__}: {activation=}; use softmax or sigmoid.'
        )
    return activation
