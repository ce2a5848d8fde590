"""From the layouts of other data sets to COCO-panoptic."""

from .panoptic_files import (
    convert_images,
    segment_table_of,
    segments_of,
    spread_id,
)

__all__ = ['convert_images', 'segment_table_of', 'segments_of', 'spread_id']
