"""The committed pictures of nuclei, read, checked, scored and trained on.

Real pixels: bright and dark, grey and coloured, up to 260 nuclei (more than
the model has queries).
"""

import pytest
from mmdet.registry import DATASETS, METRICS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from PIL import Image

from mmremax.datasets import PanopticDataset
from mmremax.utils.config_edits import remove_pretrained, set_data_root
from mmremax.utils.migration import read_config
from tests.helpers.predictions import evaluate, predictions, true_samples
from tests.helpers.scripts import ROOT, run_script

SAMPLE = ROOT / 'demo/nuclei/sample'
CONFIG = ROOT / 'configs/small/remax_lite0_nuclei.py'
# The sample is of the validation split; here it is trained on.
TRAIN_ON_IT = dict(
    ann_file='panoptic_val.json', data_prefix=dict(img='', seg='panoptic_val/')
)
NUM_PICTURES, NUM_NUCLEI = 10, 877
PARTS_OF_HEAD = tuple(
    f'panoptic_head.{part}'
    for part in ('pixel_decoder', 'transformer_decoder', 'semantic_head')
)


@pytest.fixture(scope='module')
def config() -> Config:
    init_default_scope('mmdet')
    config = read_config(CONFIG)
    set_data_root(config, str(SAMPLE))
    remove_pretrained(config)
    config.train_dataloader.dataset.update(TRAIN_ON_IT)
    return config


@pytest.fixture(scope='module')
def data(config) -> PanopticDataset:
    return DATASETS.build(config.test_dataloader.dataset)


def test_pictures_are_read_whole(data):
    assert len(data) == NUM_PICTURES
    assert data.metainfo['classes'] == ('nucleus', 'background')
    most = 0
    for index in range(len(data)):
        packed = data[index]
        sample = packed['data_samples']
        path = SAMPLE / 'images' / f'{sample.img_id}.jpg'
        with Image.open(path) as image:
            assert sample.ori_shape == image.size[::-1]
        assert packed['inputs'].float().std() > 1
        nuclei = [s for s in sample.segments_info if s['is_thing']]
        most = max(most, len(nuclei))
    assert most == 260


def test_files_are_without_fault(monkeypatch, capsys):
    monkeypatch.setenv('COLUMNS', '200')
    tool = 'tools/dataset_converters/check_panoptic.py'
    with pytest.raises(SystemExit) as error:
        run_script(monkeypatch, tool, SAMPLE)
    printed = capsys.readouterr().out
    assert error.value.code == 0, printed
    row = next(line for line in printed.splitlines() if 'nucleus' in line)
    assert str(NUM_NUCLEI) in row.split()


def test_truth_scores_100(data, config):
    panoptic = METRICS.build(config.test_evaluator)
    scores = evaluate(panoptic, data, predictions(data))
    assert [scores[f'coco_panoptic/PQ{s}'] for s in ('', '_th', '_st')] == [
        pytest.approx(100)
    ] * 3


def test_average_precision_of_the_truth(config):
    """COCO's AP looks at 100 instances a picture: one of these has 111."""
    some = dict(config.test_dataloader.dataset, indices=list(range(4, 10)))
    data = DATASETS.build(some)
    metric = METRICS.build(
        dict(config.instance_evaluator, type='InstanceAPMetric')
    )
    scores = evaluate(metric, data, true_samples(data))
    recall = 100 * (246 - 11) / 246
    assert scores['instance/AR'] == pytest.approx(recall)
    assert scores['instance/AP50'] == pytest.approx(recall, abs=1)


def test_copy_paste_adds_nuclei_of_another_picture(config):
    steps = list(config.train_dataloader.dataset.pipeline)
    small = dict(type='RandomScaleCrop', scale_range=(0.5, 1.0))
    load = [dict(type='LoadPanopticImage'), dict(type='LoadPanopticMap')]
    paste = dict(type='PanopticCopyPaste', pipeline=[*load, small])
    fixed = dict(steps[2], scale_range=(1.0, 1.0))
    counts = []
    for extra in ([], [paste]):
        pipeline = [*load, fixed, *extra, dict(type='PackPanopticInputs')]
        dataset = dict(config.train_dataloader.dataset, pipeline=pipeline)
        sample = DATASETS.build(dataset)[0]['data_samples']
        labels = sample.gt_segments.labels
        counts.append(int((labels == 0).sum()))
        assert sample.gt_segment_map.data.max() == len(labels) - 1
    assert counts[1] > counts[0] > 0


def test_training_step_moves_every_part(config):
    model = MODELS.build(config.model).train()
    dataset = DATASETS.build(config.train_dataloader.dataset)
    wrapper = build_optim_wrapper(model, config.optim_wrapper)
    before = {k: v.detach().clone() for k, v in model.named_parameters()}
    batch = pseudo_collate([dataset[index] for index in (1, 8)])
    losses = model.train_step(batch, wrapper)
    assert all(loss.isfinite() for loss in losses.values())
    moved = [k for k, v in model.named_parameters() if (v != before[k]).any()]
    for part in ('backbone', *PARTS_OF_HEAD):
        assert any(name.startswith(part) for name in moved), part


def test_browse(monkeypatch, tmp_path):
    options = [
        'train_dataloader.dataset.ann_file=panoptic_val.json',
        'train_dataloader.dataset.data_prefix.seg=panoptic_val/',
    ]
    run_script(
        monkeypatch,
        'tools/analysis/browse_dataset.py',
        *(CONFIG, '--data-root', SAMPLE, '--out', tmp_path, '--num', 2),
        *('--cfg-options', *options),
    )
    assert len(list(tmp_path.iterdir())) == 2
