"""The committed model of nuclei: the demo, its scores and what it beats."""

import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.apis import init_detector
from mmdet.registry import DATASETS
from mmengine.registry import init_default_scope
from PIL import Image

from mmremax.datasets import PanopticDataset
from mmremax.utils.checkpoint import is_training_only
from mmremax.utils.cli import open_config
from mmremax.utils.load_model import load_model
from mmremax.utils.safe_loading import load_from_local
from tests.helpers.scripts import ROOT, run_script

sys.path.insert(0, str(ROOT / 'demo/nuclei'))

from scoring import as_prediction, score
from watershed import predictor, segment

FOLDER = ROOT / 'demo/nuclei'
WEIGHTS = FOLDER / 'model.safetensors'
FEW = ('fluorescence_sparse', 'tissue_purple')


@pytest.fixture(scope='module')
def few(tmp_path_factory) -> Path:
    """Two pictures of the sample."""
    root = tmp_path_factory.mktemp('few')
    content = json.loads((FOLDER / 'sample/panoptic_val.json').read_text())
    for key, name in (('images', 'id'), ('annotations', 'image_id')):
        content[key] = [row for row in content[key] if row[name] in FEW]
    (root / 'panoptic_val.json').write_text(json.dumps(content))
    for name in ('images', 'panoptic_val'):
        (root / name).symlink_to(FOLDER / 'sample' / name)
    return root


@pytest.fixture(scope='module')
def data(few) -> PanopticDataset:
    init_default_scope('mmdet')
    cfg = open_config(str(WEIGHTS), {}, str(few))
    return DATASETS.build(cfg.test_dataloader.dataset)


def test_make_demo(few, tmp_path, monkeypatch, capsys):
    """The command of the Makefile, on two pictures."""
    makefile = (ROOT / 'Makefile').read_text().replace('\\\n', '')
    command = re.search(r'^demo: setup\n\t\$\(PY\) (.+)$', makefile, re.M)[1]
    tool, *arguments = command.split()
    monkeypatch.chdir(ROOT)
    few_only = ('--data-root', few, '--out', tmp_path, '--device', 'cpu')
    run_script(monkeypatch, tool, *arguments, *few_only)
    printed = capsys.readouterr().out
    assert re.search(r'PQ [\d.]+, of things [\d.]+, .* these 2 pic', printed)
    for name in FEW:
        path = tmp_path / f'prediction_{name}.png'
        assert str(path) in printed
        assert Image.open(path).width > 3 * 640


@pytest.mark.parametrize('views', [(), ('--tta',)])
def test_scores_without_training_data(few, tmp_path, monkeypatch, views):
    out = tmp_path / 'scores.json'
    run_script(
        monkeypatch,
        'tools/test.py',
        *views,
        *(WEIGHTS, '--data-root', few, '--work-dir', tmp_path, '--json', out),
        *('--cfg-options', 'test_dataloader.num_workers=0'),
        'test_dataloader.persistent_workers=False',
    )
    scores = json.loads(out.read_text())['scores']
    assert 0 < scores['coco_panoptic/PQ_th'] <= 100


def test_published_weights_are_read_as_any_checkpoint():
    content = load_from_local(WEIGHTS)
    assert WEIGHTS.stat().st_size <= 6e6
    assert not any(map(is_training_only, content['state_dict']))
    cfg = open_config(str(WEIGHTS), {})
    ours = load_model(cfg, str(WEIGHTS), 'cpu')
    assert list(ours.dataset_meta['classes']) == ['nucleus', 'background']
    cfg = open_config(str(WEIGHTS), {})
    theirs = init_detector(cfg, str(WEIGHTS), device='cpu')
    assert list(theirs.dataset_meta['classes']) == ['nucleus', 'background']
    weights = theirs.state_dict()
    for key, value in content['state_dict'].items():
        assert torch.equal(weights[key].cpu(), value), key
        assert torch.equal(ours.state_dict()[key], value), key
    for text in ('/tmp', '/home', '/root'):
        assert text not in content['meta']['cfg']


def test_truth_scores_100_and_a_merged_pair_less(data):
    def truth(image_set, index, merged=0):
        info = image_set.get_data_info(index)
        ids = np.asarray(Image.open(info['seg_map_path'])).astype(int)
        ids = ids @ (1, 256, 65536)
        numbers = np.zeros(ids.shape, int)
        nuclei = [s['id'] for s in info['segments_info'] if s['is_thing']]
        for number, nucleus in enumerate(nuclei, start=1):
            numbers[ids == nucleus] = max(1, number - merged)
        return as_prediction(numbers)

    perfect = score(data, truth, 'truth')
    assert perfect.pq == pytest.approx(100)
    assert perfect.ap50 == pytest.approx(100)
    assert perfect.draws.std() == pytest.approx(0)
    worse = score(data, lambda d, i: truth(d, i, merged=6), 'merged')
    assert worse.pq < 90
    assert worse.by_picture.max() < 100


def discs(*places: tuple[int, int]) -> np.ndarray:
    y, x = np.indices((80, 100))
    inside = [(y - b) ** 2 + (x - a) ** 2 < 144 for a, b in places]
    return np.any(inside, 0)


def test_watershed_parts_touching_nuclei_bright_or_dark():
    nuclei = discs((30, 40), (51, 40), (80, 20))
    for picture in (20 + 150 * nuclei, 200 - 150 * nuclei):
        image = np.repeat(picture[..., None], 3, -1).astype(np.uint8)
        numbers = segment(image, sigma=0.5, distance=5, min_area=15)
        assert len(np.unique(numbers)) == 4
        assert numbers[40, 30] != numbers[40, 51]
        assert ((numbers > 0) == nuclei).mean() > 0.98
    assert not segment(np.full((30, 30, 3), 7, np.uint8)).any()
    few = segment(image, sigma=0.5, distance=5, min_area=1000)
    assert not few.any()


def test_evaluate_renews_the_card(few, tmp_path, monkeypatch, capsys, data):
    labels = tmp_path / 'labels'
    labels.mkdir()
    for name in FEW:
        image = np.asarray(
            Image.open(few / f'images/{name}.jpg').convert('RGB')
        )
        numbers = segment(image).astype(np.uint16)
        Image.fromarray(numbers).save(labels / f'{name}.png')
    shutil.copy(FOLDER / 'README.md', tmp_path)
    run_script(
        monkeypatch,
        'demo/nuclei/evaluate.py',
        *(WEIGHTS, '--data-root', few, '--out', tmp_path),
        *('--labels', f'other={labels}'),
    )
    text = (tmp_path / 'README.md').read_text()
    rows = re.findall(r'^\| (this model|Otsu.*?|other) \| (.*) \|', text, re.M)
    scores = {name: row.split(' | ') for name, row in rows}
    assert list(scores) == ['this model', 'Otsu and watershed', 'other']
    same = scores['Otsu and watershed'][:3]
    assert scores['other'][:3] == same  # all but the time
    own = score(data, predictor(segment), '')
    assert same[0].startswith(f'{own.pq:.1f} ± ')
    assert (
        text.split('<!-- numbers -->')[0] in (FOLDER / 'README.md').read_text()
    )
    assert '(failures.jpg)' in text
    assert Image.open(tmp_path / 'failures.jpg').width == 900
