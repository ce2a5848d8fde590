"""kMaX-DeepLab, ConvNeXt-Small, COCO panoptic: ReMaX's 50k recipe.

    tools/dist_train.sh configs/kmax/kmax_convnext-s_coco_50k.py 8

The baseline of remax_convnext-s_coco.py, which differs in the overlay
alone; the recipe is that of kmax_r50_coco_50k.py. PQ: not trained yet.
"""

_base_ = ['./kmax_r50_coco_50k.py', '../_base_/backbones/convnext.py']

model = _base_.convnext_s
