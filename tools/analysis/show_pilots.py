r"""Draw pilot masks at the sizes of the feature maps, without and with noise.

White locations are open: the query of the segment may attend there. The
number above each mask is that of its open locations.

Example:
    python tools/analysis/show_pilots.py --out pilots.png --noise 0.2
"""

import argparse

import torch
from matplotlib.figure import Figure

import mmremax  # noqa: F401
from mmremax.mp_former.pilots import noisy_masks, pilot_masks
from mmremax.utils.tool import tool
from mmremax_runtime.files import write_files
from mmremax_runtime.opening import png, probability

CANVAS = 512  # pixels of a side
STRIDES = (32, 16, 8)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--out', type=png, default='pilots.png')
    parser.add_argument(
        '--noise', type=probability, default=0.2, help='mask_noise_scale'
    )
    return parser.parse_args()


def draw(noise: float) -> Figure:
    """Make the picture: a large, a thin and a small segment, one a row."""
    y, x = torch.meshgrid(
        *[torch.arange(CANVAS, dtype=torch.float32)] * 2, indexing='ij'
    )
    masks = torch.stack(
        [
            (x - 210).square() + (y - 280).square() < 150**2,
            (y - 256 - 130 * torch.sin(x / 80)).abs() < 3,
            (x - 340).square() + (y - 150).square() < 9**2,
        ]
    )
    columns = [('mask', masks)]
    for stride in STRIDES:
        side = CANVAS // stride
        blocked = pilot_masks(masks, (side, side))
        noisy = noisy_masks(blocked[None], noise)[0]
        for title, pilots in (('', blocked), (f', noise {noise:g}', noisy)):
            opened = ~pilots.view(-1, side, side)
            columns.append((f'stride {stride}{title}', opened))
    figure = Figure(figsize=(13, 6), layout='constrained')
    axes = figure.subplots(len(masks), len(columns))
    for column, (title, images) in zip(axes.T, columns, strict=True):
        for axis, image in zip(column, images, strict=True):
            axis.imshow(image, cmap='gray', vmin=0, vmax=1)
            axis.set(xticks=[], yticks=[], title=f'{int(image.sum())} open')
        column[0].set_title(f'{title}\n{column[0].get_title()}')
    return figure


@tool()
def main() -> None:
    """Write the picture."""
    args = parse_args()
    torch.manual_seed(0)
    with write_files(args.out) as (part,):
        draw(args.noise).savefig(part, dpi=80)
    print(f'{args.out} written')


if __name__ == '__main__':
    main()
