"""The three values that mean "no ground truth here"."""

VOID = -1
"""Index of a location without ground truth, in index maps."""

IGNORE = 255
"""Class of a pixel without ground truth, in semantic maps (mmdet, mmseg)."""

VOID_ID = 0
"""Id of a pixel without a segment, in panoptic PNGs and id maps."""
