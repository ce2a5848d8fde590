"""The demo and the picture tools, on the quickstart model."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from PIL import Image

from mmremax.datasets.panoptic_png import colours_to_ids

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs' / 'quickstart' / 'remax_mnv3-s_shapes.py'
# A model that learnt nothing still shows something.
SHOW_ALL = (
    'model.test_cfg.thing_threshold=0.0',
    'model.test_cfg.stuff_threshold=0.0',
    'model.test_cfg.pixel_threshold=0.0',
    'model.test_cfg.overlap_threshold=0.0',
)


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights, saved without the training-only branches."""
    init_default_scope('mmdet')
    weights = MODELS.build(Config.fromfile(CONFIG).model).state_dict()
    path = tmp_path_factory.mktemp('weights') / 'random.pth'
    weights = {k: v for k, v in weights.items() if 'semantic_head' not in k}
    torch.save(dict(state_dict=weights, meta={}), path)
    return path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch):
    """Run a script as the command line does."""

    def run_script(script: str, *arguments: object) -> None:
        argv = [script, *map(str, arguments)]
        monkeypatch.setattr(sys, 'argv', argv)
        runpy.run_path(str(ROOT / script), run_name='__main__')

    return run_script


def test_folder_of_images(
    run, checkpoint: Path, shapes_root: Path, tmp_path: Path
) -> None:
    run(
        'demo/image_demo.py',
        shapes_root / 'val',
        CONFIG,
        checkpoint,
        '--out',
        tmp_path / 'out',
        '--device',
        'cpu',
        '--save-ids',
        '--cfg-options',
        *SHOW_ALL,
    )
    images = sorted((shapes_root / 'val').iterdir())
    assert len(images) == 4
    for image in images:
        stem = tmp_path / 'out' / image.stem
        assert max(Image.open(f'{stem}_panoptic.png').size) == 640
        ids = colours_to_ids(np.array(Image.open(f'{stem}_ids.png')))
        assert ids.shape == Image.open(image).size[::-1]
        table = json.loads(Path(f'{stem}_ids.json').read_text())
        assert len(table) > 0
        for segment in table:
            assert (ids == segment['id']).sum() == segment['area']
            assert segment['category'] == f'class {segment["label"]}'
            assert segment['isthing'] == (segment['label'] < 6)


def test_score_thr_sets_both_thresholds(
    run, checkpoint: Path, shapes_root: Path, tmp_path: Path
) -> None:
    image = next((shapes_root / 'val').iterdir())
    run(
        'demo/image_demo.py',
        image,
        CONFIG,
        checkpoint,
        '--out',
        tmp_path,
        '--device',
        'cpu',
        '--save-ids',
        '--palette',
        'random',
        '--long-side',
        '100',
        '--score-thr',
        '1',
        '--cfg-options',
        *SHOW_ALL,
    )
    assert json.loads((tmp_path / f'{image.stem}_ids.json').read_text()) == []
    picture = tmp_path / f'{image.stem}_panoptic.png'
    assert max(Image.open(picture).size) == 100


def test_broken_image_is_named_and_the_others_drawn(
    run, checkpoint: Path, shapes_root: Path, tmp_path: Path
) -> None:
    source = next((shapes_root / 'val').iterdir())
    (tmp_path / 'good.jpg').write_bytes(source.read_bytes())
    (tmp_path / 'bad.jpg').write_bytes(source.read_bytes()[:200])
    out = tmp_path / 'out'
    with pytest.raises(SystemExit, match=r'bad\.jpg is no readable image'):
        run(
            'demo/image_demo.py',
            tmp_path,
            CONFIG,
            checkpoint,
            '--out',
            out,
            '--device',
            'cpu',
        )
    assert [p.name for p in out.iterdir()] == ['good_panoptic.png']


def test_wrong_paths_and_weights_are_errors(
    run, checkpoint: Path, shapes_root: Path, tmp_path: Path
) -> None:
    image = next((shapes_root / 'val').iterdir())
    demo = 'demo/image_demo.py'
    with pytest.raises(SystemExit, match='no image or folder'):
        run(demo, tmp_path / 'none.jpg', CONFIG, checkpoint)
    with pytest.raises(SystemExit, match='holds no image'):
        run(demo, tmp_path, CONFIG, checkpoint)
    with pytest.raises(SystemExit, match='no config file'):
        run(demo, image, 'none.py', checkpoint)
    with pytest.raises(SystemExit, match='no checkpoint file'):
        run(demo, image, CONFIG, tmp_path / 'none.pth')
    with pytest.raises(SystemExit, match='pixel_treshold'):
        run(
            demo,
            image,
            CONFIG,
            checkpoint,
            '--cfg-options',
            'model.test_cfg.pixel_treshold=0.5',
        )
    with pytest.raises(SystemExit, match='panoptic_on is False'):
        run(
            demo,
            image,
            CONFIG,
            checkpoint,
            '--device',
            'cpu',
            '--cfg-options',
            'model.test_cfg.panoptic_on=False',
        )
    torch.save({'sem_seg_head.weight': torch.zeros(1)}, tmp_path / 'pt.pth')
    with pytest.raises(SystemExit, match='kmax_to_mmremax'):
        run(demo, image, CONFIG, tmp_path / 'pt.pth')
    truncated = tmp_path / 'cut.pth'
    truncated.write_bytes(checkpoint.read_bytes()[:1000])
    with pytest.raises(SystemExit, match=r'cut\.pth.*cannot be read'):
        run(demo, image, CONFIG, truncated)


@pytest.mark.parametrize(
    ('option', 'panels'), [((), 3), (('--labels-only',), 2)]
)
def test_show_predictions(
    run,
    checkpoint: Path,
    shapes_root: Path,
    tmp_path: Path,
    option: tuple,
    panels: int,
) -> None:
    run(
        'tools/analysis/show_predictions.py',
        CONFIG,
        checkpoint,
        '--data-root',
        shapes_root,
        '--out',
        tmp_path,
        '--num',
        '2',
        '--long-side',
        '200',
        '--device',
        'cpu',
        *option,
        '--cfg-options',
        *SHOW_ALL,
    )
    pictures = sorted(tmp_path.iterdir())
    names = [f'prediction_{i:012d}.png' for i in (1, 4)]
    assert [p.name for p in pictures] == names
    assert Image.open(pictures[0]).size[0] // 200 == panels


def test_show_predictions_in_separate_files(
    run, checkpoint: Path, shapes_root: Path, tmp_path: Path
) -> None:
    run(
        'tools/analysis/show_predictions.py',
        CONFIG,
        checkpoint,
        '--data-root',
        shapes_root,
        '--out',
        tmp_path,
        '--num',
        '1',
        '--separate',
        '--device',
        'cpu',
        '--cfg-options',
        *SHOW_ALL,
    )
    assert {p.name for p in tmp_path.iterdir()} == {
        f'{1:012d}_{panel}.png'
        for panel in ('input', 'ground-truth', 'prediction')
    }


def test_plot_run(run, tmp_path: Path) -> None:
    folder = tmp_path / 'run' / 'vis_data'
    folder.mkdir(parents=True)
    (folder / 'scalars.json').write_text('{"loss": 1.0, "step": 10}\n')
    run('tools/analysis/plot_run.py', tmp_path)
    run('tools/analysis/plot_run.py', tmp_path, '--out', tmp_path / 'out')
    assert (tmp_path / 'curve.png').exists()
    assert (tmp_path / 'out' / 'curve.png').exists()
    with pytest.raises(SystemExit, match='no vis_data'):
        run('tools/analysis/plot_run.py', tmp_path / 'nothing')
