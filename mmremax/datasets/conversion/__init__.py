"""From the layouts of other data sets to COCO-panoptic."""

from .panoptic_files import (
    convert_images,
    segment_table_of,
    segments_of,
    spread_id,
    write_segments,
)

__all__ = [
    'convert_images',
    'segment_table_of',
    'segments_of',
    'spread_id',
    'write_segments',
]
