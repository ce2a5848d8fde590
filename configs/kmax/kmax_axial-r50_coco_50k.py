"""kMaX-DeepLab, Axial-ResNet-50 (MaX-S), COCO panoptic: ReMaX's 50k recipe.

    tools/dist_train.sh configs/kmax/kmax_axial-r50_coco_50k.py 8

The baseline of remax_axial-r50_coco.py, which differs in the overlay alone;
the recipe is that of kmax_r50_coco_50k.py. PQ: not trained yet.
"""

_base_ = ['./kmax_r50_coco_50k.py', '../_base_/backbones/axial-r50.py']

model = _base_.axial_r50
