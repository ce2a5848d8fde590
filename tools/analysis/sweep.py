r"""Score a checkpoint under a grid of thresholds, or at every output.

The network runs once over the test images; the rest runs for each row. The
published thresholds are for long training; a young network is seldom so
sure. Choose them on images that are not the ones you report: --cfg-options
test_dataloader.dataset.ann_file=... names others.

--outputs scores each output of the decoder as if it were the last: its masks
as they are ("dropped") and, where they were relaxed in training, multiplied
as in Eq. 2 ("kept"; ReMaX, Table 5). The checkpoint must then hold the
semantic branch: not a stripped one.

Examples:
    python tools/analysis/sweep.py CONFIG CHECKPOINT --data-root DIR \
        --thing 0.7 0.5 0.3 --stuff 0.5 0.3 --json rows.json
    python tools/analysis/sweep.py CONFIG CHECKPOINT --outputs
"""

import argparse
import copy
import itertools
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import torch
from mmdet.registry import MODELS
from mmengine.runner import Runner
from rich.progress import track
from torch import Tensor, nn

import mmremax  # noqa: F401
from mmremax.evaluation import plain
from mmremax.kmax import KMaXDeepLab
from mmremax.kmax.layers import aligns_corners, resize_like_kmax
from mmremax.remax.remask import relax
from mmremax.utils import cli
from mmremax.utils.checkpoint import check_weights
from mmremax.utils.tool import tool
from mmremax_runtime.files import check_outputs, write_text
from mmremax_runtime.opening import probability

METRIC = 'coco_panoptic/'
THRESHOLDS = ('thing', 'stuff', 'pixel')
SCORES = ('PQ', 'PQ_th', 'PQ_st', 'SQ', 'RQ')
FINAL = ('final', 'dropped')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='a file of configs/kmax or remax')
    parser.add_argument('checkpoint', help='of a training run')
    for name, what in (
        ('thing', 'class probability of a thing'),
        ('stuff', 'class probability of stuff'),
        ('pixel', "pixel's probability of its query"),
    ):
        parser.add_argument(
            f'--{name}',
            type=probability,
            nargs='+',
            metavar='T',
            help=f"least {what} (the config's)",
        )
    parser.add_argument(
        '--outputs', action='store_true', help='score every output'
    )
    parser.add_argument(
        '--json', type=Path, metavar='FILE', help='write the rows to FILE'
    )
    cli.add_common_arguments(parser)
    return parser.parse_args()


def every_output(
    head: nn.Module, feats: tuple[Tensor, ...]
) -> Iterator[tuple[tuple[str, str], Tensor, Tensor]]:
    """Predict with each output of the decoder, on the final one's grid.

    Args:
        head: A `KMaXHead` with its training-only branches.
        feats: Backbone features. (B, C, h, w) each.

    Yields:
        The output's name and whether its masks are those of Eq. 2 (branch
        'kept') or of the output alone ('dropped'), and what `predict`
        returns: class logits (B, Q, K + 1) and mask logits (B, Q, H, W).
    """
    predictions, _ = head.forward_train(feats)
    size = tuple(predictions[-1].mask_logits.shape[-2:])
    no_void = torch.zeros(1, 1, dtype=torch.int64, device=feats[0].device)
    image = SimpleNamespace(size=size, semantic_map=no_void)
    for i, output in enumerate(predictions):
        is_final = i == len(predictions) - 1
        name = FINAL[0] if is_final else f'{i}'
        classes = output.class_logits
        masks = resize_like_kmax(
            output.mask_logits, size, aligns_corners(size[0])
        )
        yield (name, 'dropped'), classes, masks
        if output.semantic_logits is not None:
            loss = head.mask_loss
            m_hat = loss.m_hat(output, image)
            kept = relax(masks, m_hat, loss.gain, loss.identity)
            yield (name, 'kept'), classes, kept


@torch.no_grad()
def sweep(
    runner: Runner, settings: list, outputs: bool, batches: Iterable[dict]
) -> dict[tuple, dict[str, float]]:
    """Test one network at its outputs, with several post-processings.

    In one process, as the logits are not gathered.

    Args:
        runner: Of a config of KMaXDeepLab; its weights are loaded.
        settings: What stands in the place of the fusion head's `test_cfg`.
        outputs: Whether to test every output, or the final one.
        batches: Of the test data loader, all of them.

    Returns:
        What the test evaluator returns, by ((output, branch), setting).
    """
    model = runner.model.eval()
    head, fusion = model.panoptic_head, model.panoptic_fusion_head
    dataset = runner.test_dataloader.dataset
    published, evaluators = fusion.test_cfg, {}
    for batch in batches:
        data = model.data_preprocessor(batch, False)
        feats = model.extract_feat(data['inputs'])
        found = (
            every_output(head, feats)
            if outputs
            else [(FINAL, *head.predict(feats))]
        )
        for (name, *logits), setting in itertools.product(found, settings):
            evaluator = evaluators.get((name, setting))
            if evaluator is None:
                evaluator = runner.build_evaluator(
                    copy.deepcopy(runner.cfg.test_evaluator)
                )
                evaluator.dataset_meta = dataset.metainfo
                evaluators[name, setting] = evaluator
            fusion.test_cfg = setting
            samples = copy.copy(data['data_samples'])
            results = fusion.predict(*logits, samples)
            samples = model.add_pred_to_datasample(samples, results)
            evaluator.process(data_samples=samples, data_batch=batch)
    fusion.test_cfg = published
    return {
        key: evaluator.evaluate(len(dataset))
        for key, evaluator in evaluators.items()
    }


@tool()
def main() -> None:
    """Test once, print a row for each setting."""
    args = parse_args()
    if not Path(args.checkpoint).is_file():
        sys.exit(f'{args.checkpoint} is not there: give the path of a .pth')
    cfg = cli.load_config(args)
    cfg.load_from = None
    reads = args.config, args.checkpoint, *cli.data_of(cfg, 'test')
    check_outputs(args.json, reads=reads)
    if MODELS.get(cfg.model.type) is not KMaXDeepLab:
        sys.exit(f'{args.config}: {cfg.model.type} is no KMaXDeepLab.')
    runner = Runner.from_cfg(cfg)
    check_weights(
        runner.model, args.checkpoint, may_be_stripped=not args.outputs
    )
    runner.load_checkpoint(args.checkpoint, map_location='cpu')
    published = runner.model.panoptic_fusion_head.test_cfg
    settings = dict.fromkeys(  # one that is given twice counts once
        replace(
            published, thing_threshold=t, stuff_threshold=s, pixel_threshold=p
        )
        for t, s, p in itertools.product(
            args.thing or [published.thing_threshold],
            args.stuff or [published.stuff_threshold],
            args.pixel or [published.pixel_threshold],
        )
    )
    batches = track(runner.test_dataloader, 'Testing', transient=True)
    rows = [
        dict(
            output=name,
            branch=branch,
            thing=setting.thing_threshold,
            stuff=setting.stuff_threshold,
            pixel=setting.pixel_threshold,
            **{score: scores[METRIC + score] for score in SCORES},
        )
        for ((name, branch), setting), scores in sweep(
            runner, settings, args.outputs, batches
        ).items()
    ]
    if not args.outputs:
        rows.sort(key=lambda row: -row['PQ'])  # the best one first
    table = pd.DataFrame(rows).astype(dict.fromkeys(THRESHOLDS, str))
    print(table.to_string(index=False, float_format='{:.2f}'.format))
    if args.json:
        text = json.dumps(plain(rows), allow_nan=False)
        write_text(args.json, f'{text}\n')


if __name__ == '__main__':
    main()
