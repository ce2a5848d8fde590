"""What a user without a network would take: Otsu and a watershed.

The three constants are tuned on training pictures: the best of a grid, by
panoptic quality of the nuclei.

    python demo/nuclei/watershed.py --data-root data/stage1_train
"""

import mmremax  # noqa: F401 (first: it makes mmdet importable)

# isort: split
import argparse
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
from mmdet.registry import DATASETS
from scipy import ndimage
from scoring import Predict, as_prediction, score
from skimage.feature import peak_local_max
from skimage.filters import gaussian, threshold_otsu
from skimage.segmentation import watershed

from mmremax.datasets.panoptic_png import read_rgb
from mmremax.utils.cli import open_config
from mmremax.utils.tool import tool

CONFIG = Path(__file__).parents[2] / 'configs/small/kmax_lite0_nuclei.py'
SIGMA, DISTANCE, MIN_AREA = 0.5, 5, 30
GRID = dict(sigma=(0.25, 0.5, 1.0), distance=(3, 5, 8), min_area=(15, 30, 60))


def segment(
    image: np.ndarray,
    sigma: float = SIGMA,
    distance: int = DISTANCE,
    min_area: int = MIN_AREA,
) -> np.ndarray:
    """Part nuclei from the background, and touching ones at their waists.

    Otsu's threshold parts the grey values in two; the rim of the picture
    says which part is background, for stained nuclei are the darker one.

    Args:
        image: RGB. (H, W, 3), uint8.
        sigma: Of the Gaussian that smooths the grey values, in pixels.
        distance: Of the centres of two nuclei, at least, in pixels.
        min_area: Of a nucleus, in pixels.

    Returns:
        Numbers of the nuclei from 1, 0 is background. (H, W), int32.
    """
    grey = gaussian(image.mean(-1), sigma)
    if grey.min() == grey.max():
        return np.zeros(grey.shape, np.int32)
    nuclei = grey > threshold_otsu(grey)
    rim = (nuclei[0], nuclei[-1], nuclei[:, 0], nuclei[:, -1])
    if np.concatenate(rim).mean() > 0.5:
        nuclei = ~nuclei
    nuclei = ndimage.binary_fill_holes(nuclei)
    depth = gaussian(ndimage.distance_transform_edt(nuclei), 1)
    centres = peak_local_max(
        depth,
        min_distance=distance,
        labels=ndimage.label(nuclei)[0],
        exclude_border=False,
    )
    markers = np.zeros(grey.shape, np.int32)
    markers[tuple(centres.T)] = np.arange(1, len(centres) + 1)
    numbers = watershed(-depth, markers, mask=nuclei)
    is_small = np.bincount(numbers.ravel()) < min_area
    return np.where(is_small[numbers], 0, numbers).astype(np.int32)


def predictor(function: Callable[[np.ndarray], np.ndarray]) -> Predict:
    """Let a function of an RGB picture predict for a data set."""

    def predict(data: object, index: int) -> dict:
        path = data.get_data_info(index)['img_path']
        return as_prediction(function(read_rgb(path, 'it is listed.')))

    return predict


@tool()
def main() -> None:
    """Score the grid on some training pictures, print the best."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--data-root', required=True)
    parser.add_argument(
        '--every', type=int, default=5, help='take every N-th picture (5)'
    )
    args = parser.parse_args()
    cfg = open_config(str(CONFIG), {}, args.data_root)
    train = cfg.train_dataloader.dataset | dict(pipeline=[], test_mode=True)
    size = len(DATASETS.build(train))
    train['indices'] = list(range(0, size, args.every))
    data = DATASETS.build(train)
    found = []
    for values in product(*GRID.values()):
        chosen = dict(zip(GRID, values, strict=True))
        predict = predictor(lambda image, c=chosen: segment(image, **c))
        found.append((score(data, predict, str(chosen)).pq, str(chosen)))
        print('PQ of nuclei {:.2f}: {}'.format(*found[-1]))
    print('Best: {:.2f}, {}'.format(*max(found)))


if __name__ == '__main__':
    main()
