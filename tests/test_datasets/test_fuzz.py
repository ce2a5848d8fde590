"""Edited json files, PNGs, images and folders: a result or one of our errors.

Training data, metric and check read the same edited files, and have to agree
on which can be used.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from mmremax.datasets.annotation_parsing import parse_annotations
from mmremax.datasets.panoptic_check import check_images
from mmremax.engine.data_check_hook import check_scored
from mmremax.evaluation import PanopticQualityMetric
from mmremax_runtime.errors import InputError
from tests.helpers import tiny

hypothesis = pytest.importorskip('hypothesis')
st = hypothesis.strategies

OURS = InputError, FileNotFoundError
LOAD = dict(type='LoadPanopticImage')
FILES = ('img/0.bmp', 'img/1.bmp', 'seg/0_pan.png', 'seg/1_pan.png')
VALUES = (
    *(None, True, 0, 1, -1, 2, 10, 32, 48, 300, 1 << 24, 1.5, 5.0, 1e30),
    *(float('nan'), float('inf'), '', '0', '1', 'sky', '0.bmp', '1_pan.png'),
    *('../seg/0_pan.png', '/etc/hostname', 'a\0b', 'no/where.png', [], [1]),
    *([0, 0, 1, 1], {}, dict(id=5), [dict(id=5, category_id=4)]),
)
FIELDS = dict(
    images=('id', 'file_name', 'height', 'width', 'more'),
    categories=('id', 'name', 'isthing', 'color', 'supercategory'),
    annotations=('image_id', 'file_name', 'segments_info'),
    segments=('id', 'category_id', 'iscrowd', 'area', 'bbox'),
)
LISTS = st.sampled_from(list(FIELDS))
PLACES = st.integers(0, 3)


def list_of(content: dict, key: str, place: int) -> list:
    """Find a list of the file, also that of an image's segments."""
    if key != 'segments':
        return content[key]
    return content['annotations'][place % 2]['segments_info']


@st.composite
def json_edit(draw: Callable) -> Callable[[dict], None]:
    """Set or delete a field, repeat or drop an entry, empty or drop a list."""
    key, place, other = draw(LISTS), draw(PLACES), draw(PLACES)
    name, value = (
        draw(st.sampled_from(FIELDS[key])),
        draw(st.sampled_from(VALUES)),
    )
    kind = draw(
        st.sampled_from(['set', 'set', 'set', 'del', 'twice', 'drop', 'list'])
    )

    def edit(content: dict) -> None:
        entries = list_of(content, key, other)
        entry = entries[place % len(entries)]
        if kind == 'set':
            entry[name] = value
        elif kind == 'del':
            entry.pop(name, None)
        elif kind == 'twice':
            entries.append(dict(entry))
        elif kind == 'drop':
            entries.remove(entry)
        elif key == 'segments' or value is None:
            entries.clear()
        else:
            content[key] = value

    return edit


@st.composite
def file_edit(draw: Callable) -> Callable[[Path], None]:
    """Change the kind, size, pixels or bytes of an image or a PNG."""
    name = draw(st.sampled_from(FILES))
    kind = draw(
        st.sampled_from(
            ['L', 'P', 'LA', '1', 'RGBA', 'I;16', 'JPEG', 'GIF', 'deep']
            + ['size', 'paint', 'cut', 'flip', 'gone', 'turned']
        )
    )
    place, number = draw(st.floats(0, 1)), draw(st.integers(0, 255))

    def edit(root: Path) -> None:
        path = root / name
        raw = bytearray(path.read_bytes())
        position = int(place * (len(raw) - 1))
        if kind == 'gone':
            path.unlink()
        elif kind == 'cut':
            path.write_bytes(raw[:position])
        elif kind == 'flip':
            raw[position] ^= number
            path.write_bytes(raw)
        else:
            repaint(path, kind, number)

    return edit


def repaint(path: Path, kind: str, number: int) -> None:
    """Write an image with other pixels, size, mode or format."""
    with Image.open(path) as opened:
        image, own = opened.convert('RGB'), opened.format
    if kind == 'size':
        image.resize((48, 33)).save(path, format=own)
    elif kind == 'paint':
        image.paste((number, 0, 0), (0, 0, 9, 9))
        image.save(path, format=own)
    elif kind == 'deep':
        deep = np.asarray(image).astype(np.uint16) * 256
        path.write_bytes(cv2.imencode('.png', deep)[1].tobytes())
    elif kind == 'turned':
        exif = Image.Exif()
        exif[0x0112] = 6
        image.save(path, format='PNG', exif=exif)
    elif kind in ('JPEG', 'GIF'):
        image.save(path, format=kind)
    else:
        image.convert('L').convert(kind).save(path, format='PNG')


FOLDERS = st.sampled_from(
    [('img/', 'seg/')] * 8 + [('img/', 'img/'), ('seg/', 'no/')]
)


def train(ann_file: Path, prefix: dict) -> None:
    """Load every sample as training does."""
    steps = [
        LOAD,
        dict(type='LoadPanopticMap'),
        dict(type='PackPanopticInputs'),
    ]
    options = dict(data_prefix=prefix, pipeline=steps, serialize_data=False)
    data = tiny.tiny_dataset(ann_file, **options)
    for index in range(len(data)):
        data[index]


def score(ann_file: Path, prefix: dict) -> None:
    """Score a prediction of each image: one segment of the first class."""
    steps = [LOAD, dict(type='PackPanopticInputs')]
    options = dict(data_prefix=prefix, pipeline=steps, serialize_data=False)
    data = tiny.tiny_dataset(ann_file, test_mode=True, **options)
    metric = PanopticQualityMetric(classwise=False)
    metric.dataset_meta = data.metainfo
    check_scored(data, type('Evaluator', (), dict(metrics=[metric])))
    for index in range(len(data)):
        sample = data[index]['data_samples'].to_dict()
        found = torch.zeros((1, *sample['ori_shape']), dtype=torch.int32)
        sample['pred_panoptic_seg'] = dict(sem_seg=found)
        metric.process({}, [sample])
    for value in metric.evaluate(len(data)).values():
        assert np.isnan(value) or 0 <= value <= 100


def check(ann_file: Path, prefix: dict) -> None:
    """Raise if the check finds something that it calls refused."""
    content, faults = parse_annotations(ann_file.read_bytes())
    if not faults and not content['annotations']:
        faults = ['nothing to train or score']
    folders = [ann_file.parent / prefix[key] for key in ('img', 'seg')]
    for report in [] if faults else check_images(content, *folders, 1, True):
        faults += [f for f in report.faults if f.is_refused]
    if faults:
        raise InputError(faults[0])


PARTS = (train, score, check)


def refusal(part: Callable, *arguments: object) -> str:
    """Return the text of an error of ours, nothing if there is none."""
    try:
        part(*arguments)
    except OURS as error:
        return str(error)
    return ''


def one_case(seen: Counter, edits: list, files: list, folders: tuple) -> None:
    """Edit, then let all three read it."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        maps = [tiny.id_map()] * 2
        ann_file = tiny.write_tiny(root, maps, [tiny.SEGMENTS] * 2)
        for edit in files:
            try:
                edit(root)
            except (OSError, ValueError, SyntaxError):
                continue  # an edit before it left no image
        content = json.loads(ann_file.read_text())
        for edit in edits:
            try:
                edit(content)
            except (LookupError, TypeError, AttributeError, ZeroDivisionError):
                continue  # an edit before it left no such place
        ann_file.write_text(json.dumps(content))
        prefix = dict(zip(('img', 'seg'), folders, strict=True))
        found = {p.__name__: refusal(p, ann_file, prefix) for p in PARTS}
        refused = [text for text in found.values() if text]
        assert len(refused) in (0, len(PARTS)), found
        assert not any('\n' in text for text in refused), found
        seen[bool(refused)] += 1


def run(number: int) -> Counter:
    seen = Counter()
    case = hypothesis.given(
        st.just(seen),
        st.lists(json_edit(), max_size=1),
        st.lists(file_edit(), max_size=1),
        FOLDERS,
    )(one_case)
    hypothesis.settings(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
        suppress_health_check=list(hypothesis.HealthCheck),
    )(case)()
    return seen


def test_a_result_or_an_error_and_all_agree():
    seen = run(25)
    assert seen[False]
    assert seen[True]


@pytest.mark.slow
def test_two_thousand_cases(capsys):
    seen = run(2000)
    with capsys.disabled():
        print(
            f'{seen.total()} cases: {seen[False]} used, {seen[True]} refused'
        )
    assert min(seen.values()) > 200
