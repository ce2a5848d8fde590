"""kMaX-DeepLab, Axial-ResNet-50 (MaX-S), COCO panoptic: 150k iterations.

    tools/dist_train.sh configs/kmax/kmax_axial-r50_coco.py 8

PQ 56.2 in the TensorFlow code's README, from ImageNet weights, which are not
available here; ours: not trained yet.
"""

_base_ = ['./kmax_r50_coco.py', '../_base_/backbones/axial-r50.py']

model = _base_.axial_r50
