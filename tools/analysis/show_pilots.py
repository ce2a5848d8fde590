r"""Draw pilot masks at the sizes of the memories, without and with noise.

White cells are open: the query of the segment may attend there. The number
above each mask is that of its open cells.

Example:
    python tools/analysis/show_pilots.py --out pilots.png --noise 0.2
"""

import argparse

import torch
from matplotlib.figure import Figure
from torch import Tensor

import mmremax  # noqa: F401
from mmremax.mp_former import pilot_masks
from mmremax.mp_former.noise import MaskPilotNoise

CANVAS = 512  # pixels of a side
STRIDES = (32, 16, 8)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--out', default='pilots.png')
    parser.add_argument(
        '--noise', type=float, default=0.2, help='mask_noise_scale'
    )
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args()


def draw_segments() -> dict[str, Tensor]:
    """Draw a large, a thin and a small segment. (H, W) bool each."""
    y, x = torch.meshgrid(
        *[torch.arange(CANVAS, dtype=torch.float32)] * 2, indexing='ij'
    )
    wave = 256 + 130 * torch.sin(x / 80)
    return {
        'large': (x - 210).square() + (y - 280).square() < 150**2,
        'thin': (y - wave).abs() < 3,
        'small': (x - 340).square() + (y - 150).square() < 9**2,
    }


def draw(noise: float, seed: int) -> Figure:
    """Make the picture: a row for each segment.

    Args:
        noise: Lambda of the point noise.
        seed: Of the noise.
    """
    torch.manual_seed(seed)
    segments = draw_segments()
    masks = torch.stack(list(segments.values()))
    sizes = [(CANVAS // s,) * 2 for s in STRIDES]
    clean = pilot_masks(masks, sizes)
    maker = MaskPilotNoise(noise, 0.0, per_head=False)
    figure = Figure(figsize=(13, 6), layout='constrained')
    axes = figure.subplots(len(masks), 1 + 2 * len(STRIDES))
    for axis in axes.flat:
        axis.set_xticks([])
        axis.set_yticks([])
    for row, name in enumerate(segments):
        axes[row, 0].imshow(masks[row], cmap='gray')
        axes[row, 0].set_ylabel(name)
        axes[row, 0].set_title('mask')
    for level, (size, stride) in enumerate(zip(sizes, STRIDES, strict=True)):
        blocked = clean[size]
        noisy = maker.noisy_masks(blocked[None], 1)[0, 0]
        for kind, cells in enumerate((blocked, noisy)):
            for row, one in enumerate(cells):
                axis = axes[row, 1 + 2 * level + kind]
                axis.imshow(~one.view(size), cmap='gray', vmin=0, vmax=1)
                title = f'{int((~one).sum())} open'
                if row == 0:
                    what = f', noise {noise:g}' if kind else ''
                    title = f'stride {stride}{what}\n{title}'
                axis.set_title(title, fontsize=9)
    return figure


def main() -> None:
    """Write the picture."""
    args = parse_args()
    draw(args.noise, args.seed).savefig(args.out, dpi=80)
    print(f'{args.out} written')


if __name__ == '__main__':
    main()
