"""Write configs/*/metafile.yml, which model-index.yml lists.

Names, recipes and scores come from the tables of configs/*/README.md, sizes
from get_flops.py, the rest from the configs. Run it after either changed.

Example:
    python tools/analysis/model_index.py
"""

import argparse
import re
import sys
from pathlib import Path

import yaml
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from rich.progress import track

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).parent))

from get_flops import measure  # noqa: E402

from mmremax.utils.config_edits import remove_pretrained  # noqa: E402
from mmremax.utils.migration import read_config  # noqa: E402

PAPERS = {
    'kmax': ('kMaX-DeepLab', 'k-means Mask Transformer', '2207.04044'),
    'remax': (
        'ReMaX',
        'ReMaX: Relaxing for Better Training on Efficient Panoptic '
        'Segmentation',
        '2306.17319',
    ),
    'mask2former': (
        'Mask2Former with ReMaX',
        'ReMaX: Relaxing for Better Training on Efficient Panoptic '
        'Segmentation',
        '2306.17319',
    ),
    'mp_former': (
        'MP-Former',
        'MP-Former: Mask-Piloted Transformer for Image Segmentation',
        '2303.07336',
    ),
    'soft_label': (
        'Soft labels',
        'Soft labelling for semantic segmentation: Bringing coherence to '
        'label down-sampling',
        '2302.13961',
    ),
}
# The last cell of a row of docs/memory.md.
MEMORY_ROW = re.compile(r'^\| \[(\S+)\]\(.* (\S+) \|$', re.M)
# Networks of our own; the others' sizes are those of mmdet's and mmseg's.
MEASURED = ('kmax', 'remax')
# | [name](name.py) | recipe | our score | published score; may be absent |
ROW = re.compile(
    r'^\| \[(\S+)\]\(\1\.py\) \| ([^|]*) \| ([^|]*) \|(?:([^|]*)\|)?$', re.M
)


def rows(folder: str) -> list[tuple[str, str, str, str]]:
    """Read name, recipe, our score and the published one of each config.

    Args:
        folder: Below configs/.

    Returns:
        One row for each config that has a recipe to score.
    """
    text = (ROOT / 'configs' / folder / 'README.md').read_text()
    found = [tuple(cell.strip() for cell in row) for row in ROW.findall(text)]
    return [row for row in found if row[2] != 'no score']


def described(folder: str, row: tuple[str, str, str, str]) -> dict:
    """Describe one config without building its model."""
    name, recipe, ours, published = row
    path = f'configs/{folder}/{name}.py'
    config = read_config(ROOT / path)
    loop = config.train_cfg
    length = (
        {'Iterations': loop.max_iters}
        if 'max_iters' in loop
        else {'Epochs': loop.max_epochs}
    )
    size = input_size(config)
    batch = config.get('auto_scale_lr', {}).get('base_batch_size')
    memory = training_memory(name) if folder == 'remax' else None
    return {
        'Name': name,
        'In Collection': PAPERS[folder][0],
        'Config': path,
        'Metadata': {
            'Recipe': recipe,
            **length,
            **({'Batch Size': batch} if batch else {}),
            **({'Input Size': size} if size else {}),
            'Command': f'tools/dist_train.sh {path} 8',
            'Training Memory (GB)': memory or 'not measured yet',
            'Score of ours': ours,
            'Score published': published or 'none for this recipe',
        },
    }


def input_size(config: Config) -> list[int] | None:
    """Read the size of a training batch from the preprocessor, if fixed."""
    settings = config.model.data_preprocessor
    size = settings.get('crop_size') or settings.get('size')
    for augment in settings.get('batch_augments') or ():
        size = size or augment.get('size')
    return list(size) if size else None


def training_memory(name: str) -> str | None:
    """Read from docs/memory.md what eight images take in mixed precision.

    Args:
        name: Of a config. A longer schedule has the row of its model.
    """
    rows = MEMORY_ROW.findall((ROOT / 'docs/memory.md').read_text())
    known = [row for row in rows if name.startswith(row[0])]
    if not known:
        return None
    _, eight = max(known, key=lambda row: len(row[0]))
    return f'{eight} for 8 images with --amp (counted, docs/memory.md)'


def sizes(path: str) -> dict:
    """Measure the inference graph of one config at its crop size."""
    config = read_config(ROOT / path)
    remove_pretrained(config)
    size = tuple(config.model.data_preprocessor.crop_size)
    numbers = measure(MODELS.build(config.model), size)
    return {
        'Parameters': numbers['params_inference'],
        'Multiply-Adds (G)': round(numbers['macs'] / 1e9, 1),
    }


def main() -> None:
    """Measure all configs and write one file a folder."""
    argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    init_default_scope('mmdet')
    for folder, (method, title, number) in PAPERS.items():
        models = [described(folder, row) for row in rows(folder)]
        measured = models if folder in MEASURED else []
        for model in track(measured, f'Measuring configs/{folder}'):
            model['Metadata'].update(sizes(model['Config']))
        index = {
            'Collections': [
                {
                    'Name': method,
                    'README': f'configs/{folder}/README.md',
                    'Paper': {
                        'Title': title,
                        'URL': f'https://arxiv.org/abs/{number}',
                    },
                }
            ],
            'Models': models,
        }
        out = ROOT / 'configs' / folder / 'metafile.yml'
        out.write_text(yaml.safe_dump(index, sort_keys=False))
        print(f'{len(models)} models written to {out.relative_to(ROOT)}')


if __name__ == '__main__':
    main()
