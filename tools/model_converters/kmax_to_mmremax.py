"""Convert a published PyTorch checkpoint of kMaX-DeepLab to mmremax.

ResNet-50 and ConvNeXt, on COCO, Cityscapes and ADE20K. The classes of the
last two are brought into the order of our labels: things first. Their names
and colours are written too.

Example:
    python tools/model_converters/kmax_to_mmremax.py \
        kmax_r50.pth kmax_r50_mmremax.pth \
        --check configs/kmax/kmax_r50_coco.py
"""

import argparse
from pathlib import Path

from mmdet.datasets import CocoPanopticDataset
from mmdet.registry import MODELS
from mmengine.registry import init_default_scope

import mmremax  # noqa: F401, registers the models
from mmremax.datasets.annotation_file import metainfo_of
from mmremax.datasets.conversion import ade20k, cityscapes
from mmremax.kmax.published_weights import (
    convert_kmax_state_dict,
    load_published,
    number_of_classes,
    put_things_first,
)
from mmremax.utils.checkpoint import misfits, save_checkpoint
from mmremax.utils.config_edits import remove_pretrained
from mmremax.utils.migration import read_config
from mmremax.utils.tool import tool
from mmremax_runtime.files import check_outputs

PUBLISHED_FOR = {
    133: CocoPanopticDataset.METAINFO,
    19: metainfo_of(cityscapes.CATEGORIES),
    150: metainfo_of(ade20k.CATEGORIES),
}
"""Names and colours of the data sets that weights are published for."""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('src', type=Path, help='published .pth or .pkl')
    parser.add_argument('dst', type=Path, help='.pth to write')
    parser.add_argument(
        '--check',
        metavar='CONFIG',
        help='refuse a checkpoint that does not fit the model of CONFIG',
    )
    return parser.parse_args()


@tool()
def main() -> None:
    """Convert, check, write."""
    args = parse_args()
    check_outputs(args.dst, reads=(args.src, args.check))
    try:
        state_dict = put_things_first(
            convert_kmax_state_dict(load_published(args.src))
        )
        if args.check:
            config = read_config(args.check)
            init_default_scope(config.get('default_scope', 'mmdet'))
            remove_pretrained(config)
            model = MODELS.build(config.model)
            if problems := misfits(state_dict, model.state_dict()):
                raise ValueError(f'it does not fit {args.check}. {problems}')
    except (OSError, RuntimeError, ValueError) as error:
        raise SystemExit(f'{args.src}: {error}') from error
    meta = dict(converted_from=args.src.name)
    num_classes = number_of_classes(state_dict)
    names = PUBLISHED_FOR.get(num_classes)
    if names is not None:
        meta['dataset_meta'] = dict(names)
    save_checkpoint(dict(meta=meta, state_dict=state_dict), args.dst)
    print(
        f'{len(state_dict)} tensors and the names of '
        f'{num_classes if names else "no"} classes written to {args.dst}'
    )


if __name__ == '__main__':
    main()
