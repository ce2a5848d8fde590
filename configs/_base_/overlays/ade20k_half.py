"""ADE20K at half of mmseg's resolution; scores at the size of the images."""

reduced_crop = (256, 256)  # height, width
reduced_train = dict(
    RandomResize=dict(scale=(1024, 256), ratio_range=(0.5, 2.0)),
    RandomCrop=dict(crop_size=reduced_crop),
)
reduced_test = dict(Resize=dict(scale=(1024, 256)))  # predictions grow back
