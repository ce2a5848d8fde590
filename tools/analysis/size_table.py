"""Write the table of parameters and multiply-adds, paper and ours.

Example:
    python tools/analysis/size_table.py docs/model_sizes.md
"""

import argparse
import sys
from pathlib import Path

from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).parent))

from get_flops import measure  # noqa: E402

from mmremax.utils.config_edits import remove_pretrained  # noqa: E402

# Config of configs/remax: millions of parameters and 10^9 multiply-adds of
# the inference graph, and who gives them.
PAPER, CODE = 'ReMaX, Table 12', 'modules of kMaX-DeepLab'
PUBLISHED = {
    'remax-t_mnv3-s_coco': (18.6, 18.8, PAPER),
    'remax-s_mnv3-l_coco': (22.0, 20.9, PAPER),
    'remax-m_r50_coco': (50.8, 67.8, PAPER),
    'remax_r50_coco': (56.6, 294.7, PAPER),
    'remax_convnext-t_coco': (60.937, 301.9, CODE),
    'remax_convnext-s_coco': (82.572, 443.4, CODE),
    'remax_axial-r50_coco': (74.416, None, CODE),
    'remax_r50_cityscapes': (56.391, 380.8, CODE),
    'remax_r50_cityscapes_stride2': (56.401, None, CODE),
    'remax_mnv3-s_cityscapes': (None, None, ''),
    'remax_mnv3-l_cityscapes': (None, None, ''),
    'remax_axial-r50_cityscapes': (74.0, None, 'ReMaX, Cityscapes table'),
    'remax_r50_ade20k': (56.611, None, CODE),
    'remax_r50_ade20k_641': (56.611, 74.3, CODE),
}
HEADER = """# Parameters and multiply-adds

Of the inference graph (without the training-only branches) at the config's
crop size: multiply-adds (MACs) of convolutions and matrix products, one
image. Each kMaX twin has the same numbers. Made by

```bash
python tools/analysis/size_table.py docs/model_sizes.md
```

| config | input | parameters | published | MACs | published | source |
|---|---|---|---|---|---|---|
"""


def row(name: str) -> str:
    """Measure one config of configs/remax, and lay it out as a table row."""
    config = Config.fromfile(ROOT / f'configs/remax/{name}.py')
    remove_pretrained(config)
    height, width = config.model.data_preprocessor.crop_size
    numbers = measure(MODELS.build(config.model), (height, width))
    params, macs, source = PUBLISHED[name]
    cells = [
        f'[{name}](../configs/remax/{name}.py)',
        f'{height} x {width}',
        f'{numbers["params_inference"]:,}',
        f'{params} M' if params else '',
        f'{numbers["macs"] / 1e9:.1f} G',
        f'{macs} G' if macs else '',
        source,
    ]
    return f'| {" | ".join(cells)} |\n'


def main() -> None:
    """Measure all configs and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('out', type=Path, help='Markdown file to write')
    args = parser.parse_args()
    init_default_scope('mmdet')
    args.out.write_text(HEADER + ''.join(map(row, PUBLISHED)))
    print(f'{len(PUBLISHED)} models written to {args.out}')


if __name__ == '__main__':
    main()
