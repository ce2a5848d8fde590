"""Normalise, then pad to the size the network was trained on."""

from __future__ import annotations

import torch
from mmdet.models.data_preprocessors import DetDataPreprocessor
from mmdet.registry import MODELS

from mmremax_runtime.geometry import padded_side

_STRIDE = 32  # of the deepest feature


@MODELS.register_module()
class KMaXDataPreprocessor(DetDataPreprocessor):
    """Batch RGB images: (x - mean) / std, zeros right and below.

    Padding comes after the normalisation, so that it is exactly 0, and
    reaches the crop size in training and in testing alike. An image larger
    than the crop is padded to the next side of the same parity: 1 mod 32
    if the crop side is odd, 0 mod 32 if it is even.

    Paper: kMaX-DeepLab, published code.

    Args:
        crop_size: (height, width) of the network's input, in pixels; each
            side 0 or 1 mod 32.
        mean: Of R, G and B, in [0, 255].
        std: Of R, G and B.
        bgr_to_rgb: As in mmdet: the pipeline reads BGR, as its
            `LoadImageFromFile` does; `LoadPanopticImage` reads RGB.

    Raises:
        ValueError: A side of `crop_size` is below 1, or neither 0 nor
            1 mod 32.
    """

    def __init__(
        self,
        crop_size: tuple[int, int],
        mean: tuple[float, float, float] = (127.5, 127.5, 127.5),
        std: tuple[float, float, float] = (127.5, 127.5, 127.5),
        bgr_to_rgb: bool = False,
    ) -> None:
        super().__init__(mean=list(mean), std=list(std), bgr_to_rgb=bgr_to_rgb)
        self.bgr_to_rgb = bgr_to_rgb
        for side in crop_size:
            if side < 1 or side % _STRIDE not in (0, 1):
                nearest = max(side // _STRIDE, 1) * _STRIDE
                raise ValueError(
                    f'crop_size={tuple(crop_size)}: {side} is not positive '
                    f'and 0 or 1 mod 32; use {nearest}, {nearest + 1} or '
                    f'{nearest + _STRIDE + 1}.'
                )
        self.crop_size = tuple(crop_size)

    def forward(self, data: dict, training: bool = False) -> dict:
        """Move a batch to the device, normalise and pad it.

        Args:
            data: `inputs`, uint8 images (3, h, w) of any sizes, and
                `data_samples`, one each, or None. A sample may have
                `real_pixels`, bool (1, h, w): where it is False, the result
                is 0 as in the padding.
            training: Of mmdet's interface; both cases are alike.

        Returns:
            `inputs` (B, 3, H, W) float32, and `data_samples` with
            `batch_input_shape` and `pad_shape` in their metainfo.
        """
        data = self.cast_data(data)
        images, samples = data['inputs'], data.get('data_samples')
        size = tuple(
            padded_side(max(image.shape[axis] for image in images), crop)
            for axis, crop in zip((1, 2), self.crop_size, strict=True)
        )
        batch = torch.zeros(len(images), 3, *size, device=self.device)
        for slot, image in zip(batch, images, strict=True):
            image = image.flip(0) if self.bgr_to_rgb else image
            normalised = (image.float() - self.mean) / self.std
            slot[:, : image.shape[1], : image.shape[2]] = normalised
        for slot, sample in zip(batch, samples or (), strict=False):
            if 'real_pixels' in sample:
                real = sample.real_pixels.data
                slot[:, : real.shape[1], : real.shape[2]] *= real
            sample.set_metainfo(dict(batch_input_shape=size, pad_shape=size))
        return dict(inputs=batch, data_samples=samples)
