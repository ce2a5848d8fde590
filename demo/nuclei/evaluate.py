r"""Score the model and what a user would take instead, for the model card.

    python demo/nuclei/evaluate.py demo/nuclei/model.safetensors \
        --data-root data/stage1_train

renews the table in README.md beside this file, and failures.jpg: the
validation pictures on which the model is worst. Label maps of another tool,
16-bit PNGs named as the pictures (0 is background), join with
`--labels NAME=FOLDER`.
"""

import mmremax  # noqa: F401 (first: it makes mmdet importable)

# isort: split
import argparse
import re
import sys
from pathlib import Path

import numpy as np
import torch
from mmdet.registry import DATASETS
from mmengine.dataset import pseudo_collate
from PIL import Image
from scoring import Predict, Score, as_prediction, score
from torch import nn
from watershed import predictor, segment

from mmremax.datasets import PanopticDataset
from mmremax.datasets.panoptic_png import read_labels, read_rgb, read_segments
from mmremax.engine.data_check_hook import compare
from mmremax.utils.cli import (
    add_config_options,
    add_model,
    complete_model,
    open_config,
)
from mmremax.utils.load_model import load_model
from mmremax.utils.tool import tool
from mmremax.visualization import (
    brighten,
    draw_outlines,
    encode_segments,
    side_by_side,
)

HERE = Path(__file__).parent
MODEL = 'this model'
NUM_FAILURES = 4
FAILURES = 'The worst of them:\n\n![Worst pictures](failures.jpg)'


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model(parser)
    parser.add_argument(
        '--labels',
        nargs='+',
        default=[],
        metavar='NAME=FOLDER',
        help='label maps of other tools',
    )
    parser.add_argument(
        '--out', type=Path, default=HERE, help='folder with the README.md'
    )
    add_config_options(parser, reads_data=True)
    return complete_model(parser.parse_args())


def model_predictor(model: nn.Module) -> Predict:
    """Let the model predict, panoptic map and instances."""

    @torch.no_grad()
    def predict(data: PanopticDataset, index: int) -> dict:
        found = model.test_step(pseudo_collate([data[index]]))[0].to_dict()
        return {k: found[k] for k in ('pred_panoptic_seg', 'pred_instances')}

    return predict


def file_predictor(folder: Path) -> Predict:
    """Read the label map of each picture."""

    def predict(data: PanopticDataset, index: int) -> dict:
        stem = Path(data.get_data_info(index)['img_path']).stem
        path = folder / f'{stem}.png'
        return as_prediction(read_labels(str(path), 'write one a picture.'))

    return predict


def table(scores: dict[str, Score]) -> str:
    """Lay out the scores; differences are paired, picture by picture."""
    rows = [
        '| method | PQ of nuclei | this model minus it, 95 % | AP50 | s |',
        '|---|---|---|---|---|',
    ]
    for name, one in scores.items():
        gap = '-'
        if name != MODEL:
            draws = scores[MODEL].draws - one.draws
            low, high = np.quantile(draws, (0.025, 0.975))
            gap = f'{scores[MODEL].pq - one.pq:+.1f} [{low:+.1f}, {high:+.1f}]'
        rows.append(
            f'| {name} | {one.pq:.1f} ± {one.draws.std(ddof=1):.1f} | {gap} '
            f'| {one.ap50:.1f} | {one.seconds:.2f} |'
        )
    return '\n'.join(rows)


def renew(readme: Path, text: str) -> None:
    """Put text between the two marks of a document."""
    marks = re.compile('(<!-- numbers -->\n).*(<!-- end -->)', re.DOTALL)
    old = readme.read_text()
    if not marks.search(old):
        sys.exit(f'{readme} lacks <!-- numbers --> and <!-- end -->.')
    new = marks.sub(lambda m: f'{m[1]}\n{text}\n\n{m[2]}', old)
    readme.write_text(new)


def draw(
    data: PanopticDataset, index: int, predict: Predict, pq: float
) -> Image.Image:
    """Draw input, truth and prediction of a picture."""
    info = data.get_data_info(index)
    image = brighten(read_rgb(info['img_path'], 'it is listed.'))
    ids, table = read_segments(
        info['seg_map_path'],
        'it is listed.',
        image.shape[:2],
        info['segments_info'],
    )
    truth = encode_segments(ids, table, void=2)
    found = predict(data, index)['pred_panoptic_seg']['sem_seg'][0].numpy()
    style = dict(num_things=1, void=2, long_side=400)
    panels = {
        'input, brightened': image,
        'ground truth': draw_outlines(image, truth, **style),
        f'prediction, PQ {pq:.0f}': draw_outlines(image, found, **style),
    }
    picture = Image.fromarray(side_by_side(panels))
    return picture.resize((900, round(900 * picture.height / picture.width)))


@tool()
def main() -> None:
    """Score all methods, renew the README and the failure pictures."""
    args = parse_args()
    cfg = open_config(args.config, args.cfg_options, args.data_root)
    cfg.model.test_cfg.instance_on = True
    try:
        model = load_model(cfg, args.checkpoint, 'cpu')
        data = DATASETS.build(cfg.test_dataloader.dataset)
    except (FileNotFoundError, RuntimeError, ValueError) as error:
        sys.exit(str(error))
    compare('the checkpoint', model.dataset_meta, 'the data', data.metainfo)
    methods = {MODEL: model_predictor(model)}
    methods['Otsu and watershed'] = predictor(segment)
    for pair in args.labels:
        name, _, folder = pair.partition('=')
        methods[name] = file_predictor(Path(folder))
    scores = {name: score(data, f, name) for name, f in methods.items()}
    text = f'{len(data)} pictures.\n\n{table(scores)}\n\n{FAILURES}'
    print(text)
    renew(args.out / 'README.md', text)
    quality = np.nan_to_num(scores[MODEL].by_picture, nan=np.inf)
    rows = [
        np.asarray(draw(data, int(i), methods[MODEL], quality[i]))
        for i in quality.argsort()[:NUM_FAILURES]
    ]
    path = args.out / 'failures.jpg'
    Image.fromarray(np.concatenate(rows)).save(path, quality=80)
    print(f'picture     {path}')


if __name__ == '__main__':
    main()
