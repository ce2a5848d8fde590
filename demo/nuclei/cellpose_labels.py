r"""Label maps of a Cellpose network, for `evaluate.py --labels`.

The one package on PyPI that was found to bring such weights is scellseg
0.1.8 (BSD): its model `cellpose` has that architecture, pre-trained by its
authors. Its pins are of 2021; what inference needs runs as it is unpacked:

    pip download --no-deps scellseg==0.1.8 && tar xzf scellseg-0.1.8.tar.gz
    pip install --target extra --no-deps \
        numba llvmlite natsort tabulate tifffile tqdm
    PYTHONPATH=scellseg-0.1.8:extra python demo/nuclei/cellpose_labels.py \
        data/stage1_train cellpose_labels

Pictures that have a label map are passed over. About ten seconds each on a
core; the diameter is what the package's size model estimates.
"""

import argparse
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from PIL import Image

from mmremax.datasets.annotation_file import load_annotations
from mmremax_runtime import read_image

# The training code imports it; it is not used here.
sys.modules['tensorboardX'] = ModuleType('tensorboardX')
sys.modules['tensorboardX'].SummaryWriter = None

from scellseg.models import sCellSeg  # noqa: E402


def main() -> None:
    """Segment the validation pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('data_root', type=Path)
    parser.add_argument('out', type=Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_grad_enabled(False)
    model = sCellSeg(model_type='cellpose', gpu=False)
    content = load_annotations(str(args.data_root / 'panoptic_val.json'))
    for entry in content['images']:
        source = args.data_root / entry['file_name']
        path = args.out / f'{source.stem}.png'
        if path.exists():
            continue
        image = read_image(source)
        diameters, _ = model.sz.eval(imgs=[image], channels=[[0, 0]])
        masks, _, _ = model.inference(
            query_images=[image],
            channel=[0, 0],
            diameter=float(np.ravel(diameters)[0]),
        )
        labels = np.asarray(masks[0]).astype(np.uint16)
        Image.fromarray(labels).save(path)
        print(f'{path}: {labels.max()} nuclei', flush=True)


if __name__ == '__main__':
    main()
