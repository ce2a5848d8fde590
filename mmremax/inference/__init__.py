"""A model in a user's program: load, predict, save."""

from .predictor import Predictor

__all__ = ['Predictor']
