"""Names and colours of a model's classes: found, never guessed."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path

from mmdet.evaluation import get_classes
from mmdet.registry import DATASETS
from mmdet.visualization import get_palette

# What mmdet's `init_detector` writes where a checkpoint names no classes.
GUESS = get_classes('coco')


def class_meta(known: Mapping | None, num_classes: int, cfg: Mapping) -> dict:
    """Find the names and colours of a model's classes.

    A model of things alone may have fewer classes than its data, of which
    it then has the things.

    Args:
        known: `dataset_meta` of a checkpoint, if it has one.
        num_classes: K, of the model.
        cfg: Config; its test data are asked where `known` does not fit.

    Returns:
        The metainfo that names them, with `classes` and `palette` (RGB, K
        each).

    Raises:
        ValueError: Neither names K classes; it says what to do.
    """
    known = known or {}
    meta, text = known, ''
    if not _fits(known, num_classes):
        meta, text = _of_test_data(cfg)
    if not _fits(meta, num_classes):
        raise ValueError(
            f'The model has {num_classes} classes, and no names for them: '
            f'the checkpoint names {len(_names(known))}, {text} '
            f'{len(_names(meta))}. Point data_root of test_dataloader.dataset '
            'to the data the model was trained on, or take a checkpoint with '
            'names: those of runs have them, and those that '
            'tools/model_converters/kmax_to_mmremax.py writes.'
        )
    names = _names(meta)
    if len(names) != num_classes:
        names = tuple(meta['thing_classes'])
    palette = meta.get('palette')
    if not isinstance(palette, str):
        palette = list(palette or ())
        if len(palette) < num_classes:
            palette = 'random'
    palette = [
        tuple(map(int, colour))  # NumPy's are not for json
        for colour in get_palette(palette, num_classes)[:num_classes]
    ]
    return dict(meta, classes=names, palette=palette)


def class_difference(first: Mapping, second: Mapping) -> str:
    """Say how the classes of two metainfos differ; nothing if they agree.

    Compared are names and order, of things and stuff apart where both tell
    them apart: a label is a place in the list. Category ids may differ.
    """
    kinds = ('thing_classes', 'stuff_classes')
    if not all(key in meta for key in kinds for meta in (first, second)):
        kinds = ('classes',)
    for kind in kinds:
        one, two = (list(meta.get(kind) or ()) for meta in (first, second))
        what = kind.replace('_', ' ')
        lacks = [name for name in one if name not in two]
        extra = [name for name in two if name not in one]
        if lacks or extra:
            parts = [('lacks', lacks), ('also has', extra)]
            text = ' and '.join(
                f'{word} {", ".join(map(repr, names[:10]))}'
                + (f' and {len(names) - 10} more' if names[10:] else '')
                for word, names in parts
                if names
            )
            return f'of the {what} it {text}'
        if one != two:
            place = next(i for i, name in enumerate(one) if name != two[i])
            return (
                f'the {what} are the same in another order (at place {place} '
                f'{two[place]!r} for {one[place]!r}): sort "categories" of '
                'one file as those of the other'
            )
    return ''


def _names(meta: Mapping) -> tuple[str, ...]:
    names = meta.get('classes') or ()
    return () if names == GUESS else tuple(names)


def _fits(meta: Mapping, num_classes: int) -> bool:
    things = meta.get('thing_classes') or ()
    return num_classes in (len(_names(meta)), len(things))


def _of_test_data(cfg: Mapping) -> tuple[dict, str]:
    """Read the metainfo of a config's test data, and what to call them."""
    dataset = (cfg.get('test_dataloader') or {}).get('dataset')
    if dataset is None:
        return {}, 'the config, without test_dataloader,'
    dataset = copy.deepcopy(dataset)
    dataset['lazy_init'] = True
    data = DATASETS.build(dataset)
    path = getattr(data, 'ann_file', '')
    missing = '' if Path(path).is_file() else ' (not there)'
    return data.metainfo, f'{path}{missing}'
