"""Cityscapes at half resolution: images reduced, scores at 1024 x 2048.

Crop and scales are those of the published soft-label code.
"""

reduced_crop = (512, 1024)  # height, width
reduced_train = dict(
    RandomResize=dict(scale=(2048, 1024), ratio_range=(0.5, 1.0)),
    RandomCrop=dict(crop_size=reduced_crop),
)
reduced_test = dict(Resize=dict(scale=(1024, 512)))  # predictions grow back
