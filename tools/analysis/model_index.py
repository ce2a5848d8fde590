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

PAPERS = {
    'kmax': ('kMaX-DeepLab', 'k-means Mask Transformer', '2207.04044'),
    'remax': (
        'ReMaX',
        'ReMaX: Relaxing for Better Training on Efficient Panoptic '
        'Segmentation',
        '2306.17319',
    ),
}
# | [name](name.py) | recipe | PQ ours | PQ published |
ROW = re.compile(r'^\| \[(\S+)\]\(\1\.py\) \| (.*) \| (.*) \|(.*)\|$', re.M)


def rows(folder: str) -> list[tuple[str, str, str, str]]:
    """Read name, recipe, our score and the published one of each config.

    Args:
        folder: Below configs/.

    Returns:
        One row for each config that has a recipe to score.
    """
    text = (ROOT / 'configs' / folder / 'README.md').read_text()
    found = [tuple(map(str.strip, row)) for row in ROW.findall(text)]
    return [row for row in found if row[2] != 'no score']


def described(folder: str, row: tuple[str, str, str, str]) -> dict:
    """Describe one config without building its model."""
    name, recipe, ours, published = row
    path = f'configs/{folder}/{name}.py'
    config = Config.fromfile(ROOT / path)
    return {
        'Name': name,
        'In Collection': PAPERS[folder][0],
        'Config': path,
        'Metadata': {
            'Recipe': recipe,
            'Iterations': config.train_cfg.max_iters,
            'Batch Size': config.auto_scale_lr.base_batch_size,
            'Input Size': list(config.model.data_preprocessor.crop_size),
            'Command': f'tools/dist_train.sh {path} 8',
            'Training Memory (GB)': 'not measured yet',
            'PQ of ours': ours,
            'PQ published': published or 'none for this recipe',
        },
    }


def sizes(path: str) -> dict:
    """Measure the inference graph of one config at its crop size."""
    config = Config.fromfile(ROOT / path)
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
        for model in track(models, f'Measuring configs/{folder}'):
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
