"""Convert Cityscapes to COCO-panoptic layout (19 classes, train ids).

ROOT holds what leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip
unpack to:
    leftImg8bit/{train,val}/CITY/*_leftImg8bit.png
    gtFine/{train,val}/CITY/*_gtFine_instanceIds.png
Written to ROOT: panoptic_{train,val}.json and panoptic_{train,val}/*.png,
as configs/_base_/datasets/cityscapes_panoptic.py reads them.

Example:
    python tools/dataset_converters/cityscapes.py data/cityscapes
"""

from mmremax.datasets.conversion.cityscapes import (
    convert_cityscapes,
    find_instance_maps,
)
from mmremax.datasets.conversion.panoptic_files import run_command

if __name__ == '__main__':
    run_command(__doc__, 'Cityscapes', find_instance_maps, convert_cityscapes)
