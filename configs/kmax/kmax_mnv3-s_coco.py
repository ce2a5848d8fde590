"""kMaX-DeepLab, MobileNetV3-Small, COCO panoptic at 641: 50k iterations.

    tools/dist_train.sh configs/kmax/kmax_mnv3-s_coco.py 8

The baseline of remax-t_mnv3-s_coco.py, which differs in the overlay alone;
the recipe is that of kmax_r50_coco_50k.py. PQ: not trained yet.
"""

_base_ = ['./kmax_r50_coco_641.py', '../_base_/backbones/mobilenet_v3.py']

model = _base_.mnv3_s
