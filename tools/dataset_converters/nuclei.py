"""Convert BBBC038 to COCO-panoptic layout: nucleus (thing), background.

ROOT is stage1_train of BBBC038v1 (the 2018 Data Science Bowl, CC0), or of
its corrected copies, a folder for each picture:
    NAME/images/NAME.png
    NAME/masks/*.png           one for each nucleus
Every fifth picture of each size is for validation. Written to ROOT:
panoptic_{train,val}.json and panoptic_{train,val}/*.png.

Example:
    python tools/dataset_converters/nuclei.py data/stage1_train
"""

from mmremax.datasets.conversion.nuclei import convert_nuclei, find_images
from mmremax.datasets.conversion.panoptic_files import run_command

if __name__ == '__main__':
    run_command(__doc__, 'nuclei', find_images, convert_nuclei)
