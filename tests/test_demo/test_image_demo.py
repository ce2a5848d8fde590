"""The demo and the picture tools, on the quickstart model."""

import contextlib
import json
import re
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from PIL import Image

from mmremax.datasets.panoptic_png import colours_to_ids
from mmremax.datasets.shapes.generator import CATEGORIES
from tests.helpers import tiny
from tests.helpers.scripts import ROOT, run_script

CONFIG = ROOT / 'configs' / 'quickstart' / 'remax_mnv3-s_shapes.py'
SEMANTIC = ROOT / 'configs/studies/soft_label/unet_shapes_hard.py'
# A model that learnt nothing still shows something.
THRESHOLDS = ('thing_threshold', 'stuff_threshold', 'overlap_threshold')
SHOW_ALL = ('--cfg-options', *(f'model.test_cfg.{t}=0.0' for t in THRESHOLDS))
NAMES = tuple(c['name'] for c in CATEGORIES)
CPU = ('--device', 'cpu')


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory) -> Path:
    """Random weights with sure masks, without the training-only branches."""
    init_default_scope('mmdet')
    weights = MODELS.build(Config.fromfile(CONFIG).model).state_dict()
    weights = {k: v for k, v in weights.items() if 'semantic_head' not in k}
    final = 'panoptic_head.transformer_decoder.predictor.'
    weights[f'{final}mask_norm.weight'] *= 1000
    path = tmp_path_factory.mktemp('weights') / 'random.pth'
    meta = dict(dataset_meta=dict(classes=NAMES))
    torch.save(dict(state_dict=weights, meta=meta), path)
    return path


@pytest.fixture
def demo(monkeypatch):
    return partial(run_script, monkeypatch, 'demo/image_demo.py')


@pytest.fixture
def show(monkeypatch, checkpoint, shapes_root):
    return partial(
        run_script,
        monkeypatch,
        *('tools/analysis/show_predictions.py', CONFIG, checkpoint),
        *('--data-root', shapes_root, *CPU),
    )


def test_folder_of_images(demo, checkpoint, shapes_root, tmp_path):
    out = tmp_path / 'out'
    demo(
        *(shapes_root / 'val', CONFIG, checkpoint, '--out', out),
        *(*CPU, '--save-ids', *SHOW_ALL),
    )
    images = sorted((shapes_root / 'val').iterdir())
    assert len(images) == 4
    for image in images:
        stem = out / image.stem
        assert max(Image.open(f'{stem}_panoptic.png').size) == 640
        ids = colours_to_ids(np.array(Image.open(f'{stem}_ids.png')))
        assert ids.shape == Image.open(image).size[::-1]
        table = json.loads(Path(f'{stem}_ids.json').read_text())
        assert len(table['segments_info']) > 0
        for segment in table['segments_info']:
            assert (ids == segment['id']).sum() == segment['area']
            assert segment['category'] == NAMES[segment['category_id']]
            assert segment['isthing'] == (segment['category_id'] < 6)


def test_score_thr_sets_both_thresholds(
    demo, checkpoint, shapes_root, tmp_path, capsys
):
    image = next((shapes_root / 'val').iterdir())
    demo(
        *(image, CONFIG, checkpoint, '--out', tmp_path, *CPU, '--save-ids'),
        *('--palette', 'random', '--long-side', 100, '--score-thr', 1),
        *SHOW_ALL,
    )
    table = json.loads((tmp_path / f'{image.stem}_ids.json').read_text())
    assert table['segments_info'] == []
    colours = [category['color'] for category in table['categories']]
    assert len(set(map(tuple, colours))) == len(NAMES)
    picture = tmp_path / f'{image.stem}_panoptic.png'
    assert max(Image.open(picture).size) == 100
    assert 'segments: 0, a lower --score-thr' in capsys.readouterr().out


def test_wrong_paths_and_weights_are_errors(
    demo, checkpoint, shapes_root, tmp_path, capsys
):
    image = next((shapes_root / 'val').iterdir())
    published, cut = tmp_path / 'published.pth', tmp_path / 'cut.pth'
    torch.save({'sem_seg_head.weight': torch.zeros(1)}, published)
    cut.write_bytes(checkpoint.read_bytes()[:1000])
    valid = (image, CONFIG, checkpoint, *CPU, '--cfg-options')
    for arguments, message in (
        ((tmp_path / 'none.jpg', CONFIG, checkpoint), 'No such file or fold'),
        ((tmp_path, CONFIG, checkpoint), 'holds no image'),
        ((image, 'none.py', checkpoint), 'no config none.py'),
        ((image, CONFIG, tmp_path / 'none.pth'), 'no checkpoint file'),
        ((*valid, 'model.test_cfg.no_threshold=1'), 'no_threshold'),
        ((image, CONFIG, published), 'kmax_to_mmremax'),
        ((image, CONFIG, cut), r'cut\.pth.*cannot be read'),
        ((image, SEMANTIC, checkpoint), 'EncoderDecoder is no panoptic'),
    ):
        with pytest.raises(SystemExit) as left:
            demo(*arguments, '--out', tmp_path / 'out')
        text = f'{left.value.code}\n{capsys.readouterr().err}'
        assert re.search(message, text), text
        assert 'Traceback' not in text
    assert not (tmp_path / 'out').exists()


def test_the_help_is_the_demos(demo, capsys):
    with contextlib.suppress(SystemExit):
        demo('--help')
    text = capsys.readouterr().out
    assert text.startswith('usage: python demo/image_demo.py')
    assert 'mmremax predict' not in text


def test_predictions_side_by_side_and_in_separate_files(show, tmp_path):
    common = ('--num', 2, '--long-side', 200)
    for panels, option in ((3, ()), (2, ('--labels-only',))):
        out = tmp_path / str(panels)
        show('--out', out, *common, *option, *SHOW_ALL)
        pictures = sorted(out.iterdir())
        names = [f'prediction_{i:012d}.png' for i in (1, 4)]
        assert [p.name for p in pictures] == names
        assert Image.open(pictures[0]).size[0] // 200 == panels
    show('--out', tmp_path / 'separate', '--num', 1, '--separate')
    names = ('ground-truth', 'input', 'prediction')
    files = sorted(path.name for path in (tmp_path / 'separate').iterdir())
    assert files == [f'{1:012d}_{name}.png' for name in names]


def test_data_of_other_classes_are_refused(
    monkeypatch, checkpoint, shapes_root, tmp_path
):
    """They have as many, in another order."""
    root = tmp_path / 'data'
    shutil.copytree(shapes_root, root)
    path = root / 'annotations/panoptic_val.json'
    tiny.rewrite(path, lambda c: c['categories'].reverse())
    tool = 'tools/analysis/show_predictions.py'
    arguments = (CONFIG, checkpoint, '--data-root', root, *CPU)
    with pytest.raises(
        SystemExit, match=r'panoptic_val.json\) has not the cl'
    ):
        run_script(monkeypatch, tool, *arguments)


def test_plot_run(monkeypatch, tmp_path):
    plot = partial(run_script, monkeypatch, 'tools/analysis/plot_run.py')
    folder = tmp_path / 'run' / 'vis_data'
    folder.mkdir(parents=True)
    (folder / 'scalars.json').write_text('{"loss": 1.0, "step": 10}\n')
    plot(tmp_path)
    plot(tmp_path, '--out', tmp_path / 'out')
    assert (tmp_path / 'curve.png').exists()
    assert (tmp_path / 'out' / 'curve.png').exists()
    with pytest.raises(SystemExit, match='no vis_data'):
        plot(tmp_path / 'nothing')
