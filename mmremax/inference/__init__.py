"""A model in a user's program: load, predict, save."""

from .panoptic_inferencer import PanopticInferencer
from .predictor import Predictor

__all__ = ['PanopticInferencer', 'Predictor']
