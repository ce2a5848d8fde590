"""What nearest, bilinear and area labels keep of a label map.

Prints, for factors 2, 4 and 8, the mIoU of the enlarged label with the
original and the share of thin structures (narrower than 9 pixels) that is
right or seen; draws the part of one image that has most of them.

Example:
    python tools/analysis/show_soft_labels.py \
        data/shapes_512/annotations/panoptic_val.json --images 20 \
        --out soft_labels.png
"""

import argparse
from itertools import islice
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use('Agg')
from matplotlib import pyplot as plt

from mmremax.datasets.annotation_file import (
    load_annotations,
    metainfo_of,
)
from mmremax.datasets.conversion.semantic_maps import semantic_maps
from mmremax.soft_label.fidelity import (
    LabelFidelity,
    thin_pixels,
)
from mmremax.soft_label.kernels import (
    IGNORE,
    class_fractions,
)

KERNELS = ('nearest', 'bilinear', 'area')
FACTORS = (2, 4, 8)
SIDE = 128  # pixels of the part that is drawn


def main() -> None:
    """Print the table; draw the picture if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('ann_file', type=Path, help='panoptic json')
    parser.add_argument('--png-dir', type=Path, help='its PNGs (beside it)')
    parser.add_argument('--images', type=int, help='only the first so many')
    parser.add_argument('--out', type=Path, help='picture to write')
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
    share = 100 * np.mean([pixels.mean() for pixels in thin])
    print(f'{len(labels)} images, {share:.1f} % of the pixels thin')
    print('| factor | label | mIoU | thin right | thin seen |')
    print('|---|---|---|---|---|')
    for factor in FACTORS:
        for kernel in KERNELS:
            fidelity = LabelFidelity(len(info['classes']), kernel, factor)
            for label, pixels in zip(labels, thin, strict=True):
                fidelity.add(label, pixels)
            values = [f'{v:.1f}' for v in fidelity.scores().values()]
            print(f'| {factor} | {kernel} | {" | ".join(values)} |')
    if args.out is not None:
        draw(*thinnest_part(labels, thin), info['palette'], args.out)
        print(f'picture: {args.out}')


def thinnest_part(
    labels: list[np.ndarray], thin: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Cut out the part with most thin pixels, and these. (SIDE, SIDE)."""
    best = (-1, None, None)
    for label, pixels in zip(labels, thin, strict=True):
        for top in range(0, label.shape[0] - SIDE + 1, 32):
            for left in range(0, label.shape[1] - SIDE + 1, 32):
                part = np.s_[top : top + SIDE, left : left + SIDE]
                count = pixels[part].sum()
                if count > best[0]:
                    best = (count, label[part], pixels[part])
    return best[1:]


def draw(
    label: np.ndarray, thin: np.ndarray, palette: list, out: Path
) -> None:
    """Draw a part and what each kernel makes of it at each factor."""
    colours = np.array(palette) / 255
    figure, axes = plt.subplots(
        len(FACTORS),
        len(KERNELS) + 1,
        figsize=(9.2, 7.4),
        layout='constrained',
    )
    for row, factor in enumerate(FACTORS):
        for axis, kernel in zip(axes[row, 1:], KERNELS, strict=True):
            fidelity = LabelFidelity(len(colours), kernel, factor)
            fidelity.add(label, thin)
            seen = fidelity.scores()['thin_seen']
            size = (SIDE // factor, SIDE // factor)
            axis.imshow(mixed(label, size, kernel, colours))
            axis.set_xlabel(f'{seen:.0f} % of thin pixels seen', fontsize=9)
            if row == 0:
                axis.set_title(kernel, fontsize=11, fontweight='bold')
        axes[row, 1].set_ylabel(f'factor {factor}', fontsize=11)
    axes[0, 0].imshow(mixed(label, label.shape, 'nearest', colours))
    axes[0, 0].set_title('label', fontsize=11, fontweight='bold')
    axes[0, 0].set_xlabel(f'{SIDE} x {SIDE} pixels', fontsize=9)
    axes[1, 0].imshow(
        np.where(thin[..., None], colours[label.clip(max=len(colours) - 1)], 1)
    )
    axes[1, 0].set_xlabel('narrower than 9 pixels', fontsize=9)
    axes[2, 0].axis('off')
    axes[2, 0].text(
        0,
        0.5,
        'A colour between two\nis a cell with a\nfraction of each class;\n'
        'white is void.',
        transform=axes[2, 0].transAxes,
        va='center',
        fontsize=9,
    )
    for axis in axes.flat:
        axis.set_xticks([])
        axis.set_yticks([])
        for spine in axis.spines.values():
            spine.set_linewidth(0.5)
            spine.set_color('0.6')
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=100)


def mixed(
    label: np.ndarray, size: tuple[int, int], kernel: str, colours: np.ndarray
) -> np.ndarray:
    """Mix the classes' colours by their fractions; void is white."""
    classes, q = class_fractions(label, size, kernel, len(colours), IGNORE)
    image = np.einsum('phw,pc->hwc', q, colours[classes])
    return np.clip(image + (1 - q.sum(0))[..., None], 0, 1)


if __name__ == '__main__':
    main()
