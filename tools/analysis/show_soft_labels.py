"""What nearest, bilinear and area labels keep of a label map.

Prints, for factors 2, 4 and 8, the mIoU of the enlarged label with the
original and the fraction of thin structures (narrower than 9 pixels) that is
right or seen; draws the part of one image that has most of them.

Example:
    python tools/analysis/show_soft_labels.py \
        data/shapes_512/annotations/panoptic_val.json --images 20 \
        --out soft_labels.png
"""

import argparse
import sys
from itertools import islice
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np

mpl.use('Agg')
from matplotlib import pyplot as plt

from mmremax.datasets.annotation_file import load_annotations, metainfo_of
from mmremax.datasets.conversion.semantic_maps import semantic_maps
from mmremax.soft_label.kernels import class_fractions
from mmremax.utils.constants import IGNORE
from mmremax.utils.tool import tool
from mmremax_runtime.files import write_files
from mmremax_runtime.opening import count, png

KERNELS = ('nearest', 'bilinear', 'area')
FACTORS = (2, 4, 8)
SIDE = 128  # pixels of the part that is drawn


@tool()
def main() -> None:
    """Print the table; draw the picture if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('ann_file', type=Path, help='panoptic json')
    parser.add_argument('--png-dir', type=Path, help='its PNGs (beside it)')
    parser.add_argument('--images', type=count, help='only the first so many')
    parser.add_argument('--out', type=png, help='picture to write')
    args = parser.parse_args()
    info = metainfo_of(load_annotations(str(args.ann_file))['categories'])
    maps = semantic_maps(
        str(args.ann_file), args.png_dir or args.ann_file.with_suffix('')
    )
    labels = [
        label[: label.shape[0] // 8 * 8, : label.shape[1] // 8 * 8]
        for _, label in islice(maps, args.images)
    ]
    thin = [thin_pixels(label) for label in labels]
    percent = 100 * np.mean([pixels.mean() for pixels in thin])
    print(f'{len(labels)} images, {percent:.1f} % of the pixels thin')
    print('| factor | label | mIoU | thin right | thin seen |')
    print('|---|---|---|---|---|')
    for factor in FACTORS:
        for kernel in KERNELS:
            scores = fidelity(labels, thin, kernel, factor)
            values = ' | '.join(f'{score:.1f}' for score in scores)
            print(f'| {factor} | {kernel} | {values} |')
    if args.out is not None:
        draw(*thinnest_part(labels, thin), info['palette'], args.out)
        print(f'picture: {args.out}')


def thin_pixels(label: np.ndarray, width: int = 9) -> np.ndarray:
    """Find the pixels of structures narrower than `width`, an odd number.

    Those that the morphological opening of their class with a square of
    `width` pixels removes. (H, W), bool.
    """
    square = np.ones((width, width), np.uint8)
    thin = np.zeros(label.shape, bool)
    for c in np.setdiff1d(label, IGNORE):
        mask = (label == c).astype(np.uint8)
        # Outside the image it goes on: a border makes nothing thin.
        padded = cv2.copyMakeBorder(
            mask, width, width, width, width, cv2.BORDER_REPLICATE
        )
        opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, square)
        thin |= (mask == 1) & (opened[width:-width, width:-width] == 0)
    return thin


def fidelity(
    labels: list[np.ndarray],
    thin: list[np.ndarray],
    kernel: str,
    factor: int,
) -> tuple[float, float, float]:
    """Measure what label maps keep when they are reduced.

    Fractions grow back to the size of the map (bilinear, as mmseg enlarges
    logits); the largest one is the label that they stand for.

    Args:
        labels: Classes, 255 is void; sides are multiples of the factor.
        thin: What thin_pixels() found.
        kernel: See resize_plane.
        factor: Reduction of both sides.

    Returns:
        In percent: mIoU of the enlarged label, over classes that occur; thin
        pixels whose enlarged label is right; thin pixels whose reduced pixel
        has a fraction of their class at all.
    """
    confusion = np.zeros((IGNORE, IGNORE), np.int64)
    right = seen = 0
    for label, narrow in zip(labels, thin, strict=True):
        size = (label.shape[0] // factor, label.shape[1] // factor)
        classes, fractions = class_fractions(label, size, kernel, IGNORE)
        largest = np.zeros(label.shape, np.float32)
        decided = np.zeros(label.shape, np.int64)
        for c, plane in zip(classes, fractions, strict=True):
            grown = cv2.resize(plane, label.shape[::-1])
            decided[grown > largest] = c
            largest = np.maximum(largest, grown)
            coarse = plane.repeat(factor, 0).repeat(factor, 1)
            seen += (narrow & (label == c) & (coarse > 0)).sum()
        valid = label != IGNORE
        np.add.at(confusion, (label[valid], decided[valid]), 1)
        right += (narrow & (decided == label)).sum()
    hit = confusion.diagonal()
    union = confusion.sum(0) + confusion.sum(1) - hit
    count = max(sum(pixels.sum() for pixels in thin), 1)
    miou = (hit[union > 0] / union[union > 0]).mean()
    return 100 * miou, 100 * right / count, 100 * seen / count


def thinnest_part(
    labels: list[np.ndarray], thin: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Cut out the part with most thin pixels, and these. (SIDE, SIDE)."""
    parts = (
        (label[part], pixels[part])
        for label, pixels in zip(labels, thin, strict=True)
        for top in range(0, label.shape[0] - SIDE + 1, 32)
        for left in range(0, label.shape[1] - SIDE + 1, 32)
        for part in [np.s_[top : top + SIDE, left : left + SIDE]]
    )
    part = max(parts, key=lambda part: part[1].sum(), default=None)
    if part is None:
        sys.exit(
            f'--out draws {SIDE} x {SIDE} pixels: all images are smaller.'
        )
    return part


def draw(
    label: np.ndarray, thin: np.ndarray, palette: list, out: Path
) -> None:
    """Draw a part and what each kernel makes of it at each factor."""
    colors = np.array(palette) / 255
    shape = (len(FACTORS), len(KERNELS) + 1)
    figure, axes = plt.subplots(
        *shape, figsize=(9.2, 7.4), layout='constrained'
    )
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
    for row, factor in zip(axes, FACTORS, strict=True):
        row[1].set_ylabel(f'factor {factor}')
        for axis, kernel in zip(row[1:], KERNELS, strict=True):
            *_, seen = fidelity([label], [thin], kernel, factor)
            axis.imshow(mixed(label, SIDE // factor, kernel, colors))
            axis.set_xlabel(f'{seen:.0f} % of thin pixels seen')
    for axis, title in zip(axes[0], ('label', *KERNELS), strict=True):
        axis.set_title(title, fontweight='bold')
    original = mixed(label, SIDE, 'nearest', colors)
    axes[0, 0].imshow(original)
    axes[0, 0].set_xlabel(f'{SIDE} x {SIDE} pixels')
    axes[1, 0].imshow(np.where(thin[..., None], original, 1))
    axes[1, 0].set_xlabel('narrower than 9 pixels')
    axes[2, 0].axis('off')
    axes[2, 0].text(
        0,
        0.5,
        'A color between two\nis a pixel with a\nfraction of each class;\n'
        'white is void.',
    )
    with write_files(out) as (part,):
        figure.savefig(part, dpi=100)


def mixed(
    label: np.ndarray, side: int, kernel: str, colors: np.ndarray
) -> np.ndarray:
    """Mix the classes' colors by their fractions; void is white."""
    classes, q = class_fractions(label, (side, side), kernel, len(colors))
    image = np.einsum('phw,pc->hwc', q, colors[classes])
    return np.clip(image + (1 - q.sum(0))[..., None], 0, 1)


if __name__ == '__main__':
    main()
