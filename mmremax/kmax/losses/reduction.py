"""The average that every loss of kMaX-DeepLab uses."""

from torch import Tensor


def mean_over_nonzero(terms: Tensor) -> Tensor:
    """Average an image's non-zero terms, then the images.

    Terms are not negative, (B, N). Those that are exactly 0 (void,
    unmatched) leave the denominator; an image of nothing else counts as 0.

    Paper: the reduction of the published kMaX-DeepLab code.
    """
    count = (terms.detach() != 0).sum(1).clamp(min=1)
    return (terms.sum(1) / count).mean()
