"""Edits of demo/nuclei/sample, and the tools that get the copies.

Each case is a kind of fault: data of other classes, a json or a PNG that
misleads, images, names, weights, configs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from tests.helpers.bad_images import claim
from tests.helpers.hostile import write_hostile
from tests.helpers.scripts import ROOT

MODEL = 'demo/nuclei/model.safetensors'
CONFIG = 'configs/small/remax_lite0_nuclei.py'
TEST = ('test', MODEL, '--data-root', 'DIR', '--work-dir', 'DIR/test')
TRAIN = (
    *('train', CONFIG, '--data-root', 'DIR', '--no-pretrained'),
    *('--work-dir', 'DIR/run'),
)
PREDICT = ('predict', 'DIR/x', MODEL, '--out', 'DIR/out')
CONVERTERS = 'tools/dataset_converters'
CHECK = (f'{CONVERTERS}/check_panoptic.py', 'DIR')
VAL = 'DIR/panoptic_val.json'
SEMANTIC = (f'{CONVERTERS}/panoptic_to_semantic.py', VAL)
MERGE = (f'{CONVERTERS}/merge_categories.py', VAL, 'DIR/coarse.json')
INSTANCES = (
    *(f'{CONVERTERS}/instances_to_panoptic.py', 'DIR/i.json', 'DIR/o.json'),
)
STRIP = (
    'tools/model_converters/strip_checkpoint.py',
    'DIR/x.pth',
    'DIR/o.pth',
)
BROWSE = (
    *('tools/analysis/browse_dataset.py', CONFIG, '--data-root', 'DIR'),
    *('--out', 'DIR/pictures'),
)
EXPORT = ('export', MODEL, '--out', 'DIR/exported')


class Folder:
    """A copy of the sample, to be edited."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.keeps = False  # does not need the json

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def rewrite(
        self, change: Callable[[dict], Any], name: str = 'val'
    ) -> None:
        """Change the content of a json."""
        content = json.loads((self / 'panoptic_val.json').read_text())
        change(content)
        text = json.dumps(content)
        (self / f'panoptic_{name}.json').write_text(text)

    def png(self, change: Callable[[Image.Image], Image.Image]) -> None:
        """Change an annotation PNG."""
        path = self / 'panoptic_val/fluorescence_dense.png'
        change(Image.open(path)).save(path)


@dataclass(frozen=True)
class Case:
    """An edit, and the command that gets what it makes.

    Attributes:
        text: What is edited, for people.
        command: Of `mmremax`, or a script; DIR stands for the copy.
        edit: Changes the copy.
        limit: Seconds.
    """

    text: str
    command: Sequence[str]
    edit: Callable[[Folder], object]
    limit: float = 300

    def __str__(self) -> str:
        return self.text

    @property
    def tool(self) -> str:
        """Name of the tool."""
        return Path(self.command[0]).stem


def content(text: str, command: Sequence[str], change: Callable) -> Case:
    """Edit the json."""
    return Case(text, command, lambda folder: folder.rewrite(change))


def first(entries: str, **values: Any) -> Callable[[dict], None]:
    """Change fields of the first image, annotation, category or segment."""

    def change(found: dict) -> None:
        if entries == 'segments':
            found['annotations'][0]['segments_info'][0].update(values)
        else:
            found[entries][0].update(values)

    return change


def without(entries: str, key: str) -> Callable[[dict], None]:
    """Take a field of the first entry out."""
    return lambda found: found[entries][0].pop(key)


def png(text: str, change: Callable[[Image.Image], Image.Image]) -> Case:
    """Edit an annotation PNG, for a test."""
    return Case(text, TEST, lambda folder: folder.png(change))


def image(text: str, make: Callable[[Path], object], name: str) -> Case:
    """Write an image for a prediction."""

    def edit(folder: Folder) -> None:
        (folder / 'x').mkdir()
        make(folder / f'x/{name}')

    return Case(text, PREDICT, edit)


def weights(
    text: str, command: Sequence[str], make: Callable[[Path], object]
) -> Case:
    """Write weights, DIR/x.pth."""
    return Case(text, command, lambda folder: make(folder / 'x.pth'))


def config(text: str, code: str, *options: str) -> Case:
    """Train with a config."""

    def edit(folder: Folder) -> None:
        base = f"_base_ = '{ROOT / CONFIG}'\n"
        (folder / 'x.py').write_text(code.replace('BASE', base))

    return Case(text, ('train', 'DIR/x.py', *TRAIN[2:], *options), edit)


def swap(found: dict) -> None:
    """Let the classes change places, both things."""
    found['categories'] = [
        dict(c, isthing=1) for c in found['categories'][::-1]
    ]


def half(found: dict) -> None:
    """Take out every second annotation."""
    del found['annotations'][1::2]


def cut(path: Path, size: int) -> None:
    """Shorten a file."""
    path.write_bytes(path.read_bytes()[:-size])


def jpeg(path: Path) -> None:
    """Write half a JPEG."""
    Image.effect_noise((64, 64), 50).convert('RGB').save(path, 'JPEG')
    cut(path, path.stat().st_size // 2)


def instances(**values: Any) -> Callable[[Folder], None]:
    """Write a file in COCO-instance format with one annotation."""

    def edit(folder: Folder) -> None:
        annotation = dict(id=1, image_id=1, category_id=1, iscrowd=0)
        annotation['segmentation'] = [[0, 0, 9, 0, 9, 9]]
        images = [dict(id=1, file_name='a.png', height=20, width=20)]
        images[0] |= values.pop('image', {})
        whole = dict(
            images=images,
            categories=[dict(id=1, name='a')],
            annotations=[annotation | values],
        )
        (folder / 'i.json').write_text(json.dumps(whole))

    return edit


DATA = [
    content('another name of a class', TEST, first('categories', name='cell')),
    content('classes in another order', TEST, swap),
    Case(
        'other classes in val than in train',
        TRAIN,
        lambda folder: folder.rewrite(
            first('categories', name='cell'), 'train'
        ),
    ),
    content('every second annotation is missing', TEST, half),
    content('no `annotations`', TEST, lambda c: c.pop('annotations')),
    content('`iscrowd` is null', TEST, first('segments', iscrowd=None)),
    content('an id as text', CHECK, first('segments', id='7')),
    content('`isthing` as text', TRAIN, first('categories', isthing='0')),
    content('no `height`', BROWSE, without('images', 'height')),
    content('another `height`', BROWSE, first('images', height=9)),
    content('no `file_name`', MERGE, without('images', 'file_name')),
    content(
        '`segments_info` is null',
        SEMANTIC,
        first('annotations', segments_info=None),
    ),
    content(
        'a segment that the PNG has is not listed',
        TEST,
        lambda c: [a['segments_info'].pop() for a in c['annotations']],
    ),
    content(
        'a name that leaves its folder',
        SEMANTIC,
        first('images', file_name='../../a.jpg'),
    ),
    content(
        'two images of one name',
        CHECK,
        lambda c: c['images'].append(dict(c['images'][0], id='b')),
    ),
    Case(
        'the json is cut off',
        TEST,
        lambda folder: cut(folder / 'panoptic_val.json', 100),
    ),
    png('a PNG in mode L', lambda image: image.convert('L')),
    png('a PNG of a palette', lambda image: image.quantize(64)),
    png('a PNG of another size', lambda image: image.resize((9, 9))),
    Case(
        'a PNG that is cut off',
        TRAIN,
        lambda folder: [
            cut(path, 200) for path in (folder / 'panoptic_val').iterdir()
        ],
    ),
    Case(
        'no image is there',
        TEST,
        lambda folder: [p.unlink() for p in (folder / 'images').iterdir()],
    ),
    Case('an instance outside its image', INSTANCES, instances(image_id=2)),
    Case(
        'a run-length code that is none',
        INSTANCES,
        instances(segmentation=dict(size=[20, 20], counts='é')),
    ),
    Case(
        'an instance file that writes elsewhere',
        INSTANCES,
        instances(image=dict(file_name='/tmp/a.png')),
    ),
]
IMAGES = [
    image(
        'grey of 16 bits',
        lambda path: Image.fromarray(np.ones((9, 9), np.uint16)).save(path),
        'a.tiff',
    ),
    image(
        'floats',
        lambda path: Image.fromarray(np.ones((9, 9), np.float32)).save(path),
        'a.tiff',
    ),
    image(
        'ten gigapixels by its header',
        lambda path: claim(path, 100_000, 100_000),
        'a.png',
    ),
    image('half a JPEG', jpeg, 'a.jpg'),
    image('an empty file', Path.touch, 'a.jpg'),
    image('a link to nothing', lambda p: p.symlink_to('none'), 'a.jpg'),
    image('a pipe', os.mkfifo, 'a.jpg'),
]
WEIGHTS = [
    weights(
        'weights that hold code',
        STRIP,
        lambda path: (
            write_hostile(path.parent)
            and (path.parent / 'evil.pth').rename(path)
        ),
    ),
    weights('weights: a list', STRIP, lambda path: torch.save([1], path)),
    weights('weights: a text', STRIP, lambda p: p.write_text('<html>')),
    weights(
        'weights of another model',
        (*TRAIN, '--cfg-options', 'load_from=DIR/x.pth'),
        lambda path: torch.save(dict(state_dict={}), path),
    ),
    weights(
        '`--resume` from weights alone',
        (*TRAIN, '--resume', 'DIR/x.pth'),
        lambda path: torch.save(
            dict(state_dict=dict(w=torch.ones(1)), meta=dict(iter=1)), path
        ),
    ),
    Case(
        'published weights with a flipped byte',
        ('export', 'DIR/x.safetensors', '--out', 'DIR/exported'),
        lambda folder: (folder / 'x.safetensors').write_bytes(
            (ROOT / MODEL).read_bytes()[:-1] + b'\0'
        ),
    ),
]
CONFIGS = [
    config('a misspelt key of a config', 'BASE\noptim_wraper = dict()'),
    config(
        'a misspelt key of a hook',
        'BASE\ndefault_hooks = dict(checkpoint=dict(max_keep_chpts=9))',
    ),
    config('a config that is no Python', 'BASE\nmodel = dict('),
    config('a base that is not there', "_base_ = 'none.py'"),
    config(
        'a type that is not registered',
        "BASE\nmodel = dict(backbone=dict(_delete_=True, type='None'))",
    ),
    config(
        'an argument that a class lacks',
        'BASE\nmodel = dict(panoptic_head=dict(num_querys=9))',
    ),
    config(
        'other numbers of classes in the model',
        'BASE\nmodel = dict(num_things_classes=2)',
    ),
    Case(
        'a misspelt option',
        (*TRAIN, '--cfg-options', 'train_cfg.max_iter=9'),
        lambda folder: None,
    ),
]
CASES = [*DATA, *IMAGES, *WEIGHTS, *CONFIGS]
