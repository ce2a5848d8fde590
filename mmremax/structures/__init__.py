"""Named tensors that cross a border between modules; nothing is learnt."""

from .predictions import LayerPrediction

__all__ = ['LayerPrediction']
