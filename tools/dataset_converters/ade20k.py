"""Convert ADE20K to COCO-panoptic layout (150 classes, 100 of them things).

ROOT is ADEChallengeData2016, as its zip unpacks, with the instance maps of
the 2017 challenge (annotations_instance.tar) unpacked into it:
    images/{training,validation}/ADE_*.jpg
    annotations/{training,validation}/ADE_*.png
    annotations_instance/{training,validation}/ADE_*.png
Written to ROOT: panoptic_{train,val}.json and panoptic_{train,val}/*.png,
as configs/_base_/datasets/ade20k_panoptic.py reads them.

Example:
    python tools/dataset_converters/ade20k.py data/ADEChallengeData2016
"""

from mmremax.datasets.conversion.ade20k import (
    convert_ade20k,
    find_images,
)
from mmremax.datasets.conversion.panoptic_files import run_command

if __name__ == '__main__':
    run_command(__doc__, 'ADE20K', find_images, convert_ade20k)
