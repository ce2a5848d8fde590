"""Synthetic images of shapes, with panoptic ground truth."""
