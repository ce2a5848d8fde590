"""Classes, ground truth and files are compared before the first image."""

import contextlib
from types import SimpleNamespace

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import nn
from torch.utils.data import DataLoader

from mmremax.engine import data_check_hook
from mmremax.engine.data_check_hook import (
    ClassCountCheckHook,
    check_counts,
    check_scored,
    compare_ranks,
)
from mmremax.evaluation import (
    CityscapesAPMetric,
    InstanceAPMetric,
    MeanIoUMetric,
    PanopticQualityMetric,
)
from mmremax.utils.class_meta import GUESS, class_difference
from mmremax_runtime.errors import InputError, one_line
from tests.helpers import tiny
from tests.helpers.toy import ToyDataset
from tests.test_engine.test_hooks import build

THINGS = '{}_dataloader.dataset.things'


@pytest.fixture
def trained(tmp_path):
    """Path of weights; their data have the classes t0 and t1."""
    runner = build(tmp_path, {'train_cfg.max_iters': 1})
    runner.train()
    return str(tmp_path / 'run/iter_1.pth')


def test_validation_data_have_the_classes_of_the_training_data(tmp_path):
    runner = build(tmp_path, {THINGS.format('val'): ['t1', 't0']})
    with pytest.raises(InputError, match='same in another order') as error:
        runner.train()
    for name in ('train_dataloader', 'val_dataloader', 'annotations.json'):
        assert name in str(error.value)
    runner = build(tmp_path, {THINGS.format('val'): ['t0', 'x']})
    with pytest.raises(InputError, match="lacks 't1' and also has 'x'"):
        runner.train()


@pytest.mark.parametrize('stage', ['val', 'test'])
def test_scored_data_have_the_classes_of_the_weights(tmp_path, trained, stage):
    options = {'load_from': trained}
    build(tmp_path, options).test()
    options[THINGS.format(stage)] = ['t1', 't0']
    with pytest.raises(InputError, match='not the classes of the checkpoint'):
        getattr(build(tmp_path, options), stage)()


def test_what_mmdet_guesses_are_not_the_classes_of_weights():
    hook = ClassCountCheckHook()
    for classes, expected in ((GUESS, None), (['t0'], ['t0'])):
        meta = dict(dataset_meta=dict(classes=classes))
        hook.after_load_checkpoint(None, dict(meta=meta))
        assert (hook.trained_on or {}).get('classes') == expected


def test_a_resumed_run_has_its_classes_and_a_new_one_may_have_others(
    tmp_path, trained
):
    options = {'load_from': trained, 'train_cfg.max_iters': 2}
    options |= {THINGS.format(s): ['t1', 't0'] for s in ('train', 'val')}
    build(tmp_path, options).train()
    with pytest.raises(InputError, match='not the classes of the run that'):
        build(tmp_path, options | dict(resume=True)).train()


def test_parts_of_the_training_data_have_the_same_classes(tmp_path):
    runner = build(tmp_path)
    make = type(runner.train_dataloader.dataset)
    dataset = SimpleNamespace(datasets=[make(), make(things=['t1', 't0'])])
    hook = data_check_hook.ClassCountCheckHook()
    loop = SimpleNamespace(dataset=dataset)
    fake = SimpleNamespace(
        model=runner.model, train_dataloader=loop, cfg=runner.cfg
    )
    with pytest.raises(InputError, match='same in another order'):
        hook.before_train(fake)


def test_processes_read_the_same(tmp_path, monkeypatch):
    def part(digest: str, length: int = 64) -> ToyDataset:
        data = ToyDataset(length)
        data.digest = digest
        return data

    def facts(data: ToyDataset, settings: dict) -> dict:
        monkeypatch.setattr(data_check_hook, 'all_gather_object', found.append)
        with contextlib.suppress(TypeError):  # there are no others yet
            compare_ranks('train_dataloader', data, settings)
        return found.pop()

    found = []
    settings = dict(batch='4')
    for other, text in (
        (facts(part('a', 17), settings), '64 images .* rank 0, 17 images'),
        (facts(part('b'), settings), 'ann_file .* is a rank 0, b rank 1'),
        (facts(part('a'), dict(batch='5')), 'batch is 4 rank 0, 5 rank 1'),
    ):
        monkeypatch.setattr(
            data_check_hook,
            'all_gather_object',
            lambda own, other=other: [own, other],
        )
        with pytest.raises(InputError, match=text):
            compare_ranks('train_dataloader', part('a'), settings)
    with pytest.raises(InputError, match='rank 1'):
        build(tmp_path).train()


def test_labels_of_a_segmentor_are_its_classes(tmp_path):
    model = nn.Module()
    model.decode_head = SimpleNamespace(num_classes=3)
    for classes in ('ab', 'abcd'):
        data = SimpleNamespace(metainfo=dict(classes=tuple(classes)))
        text = f'num_classes is 3, .* has {len(classes)} sem'
        with pytest.raises(InputError, match=text):
            check_counts(model, data, 'val_dataloader')
    sample = SegDataSample(metainfo=dict(seg_map_path='a.png'))
    labels = torch.tensor([[[0, 2, 255]]])
    sample.gt_sem_seg = PixelData(data=labels)
    hook, runner = ClassCountCheckHook(), SimpleNamespace(model=model)
    for check in (hook.before_train_iter, hook.before_test_iter):
        sample.gt_sem_seg.data[0, 0, 1] = 2
        check(runner, 0, dict(data_samples=[sample]))
        sample.gt_sem_seg.data[0, 0, 1] = 3
        with pytest.raises(InputError, match='a.png has the label 3, but'):
            check(runner, 0, dict(data_samples=[sample]))


def evaluator(*metrics: object) -> SimpleNamespace:
    return SimpleNamespace(metrics=metrics)


@pytest.fixture
def ann_file(tmp_path):
    maps = [tiny.id_map()] * 2
    return tiny.write_tiny(tmp_path, maps, [tiny.SEGMENTS] * 2)


def test_what_is_scored_needs_a_ground_truth(ann_file, tmp_path):
    check_scored(tiny.tiny_dataset(ann_file), evaluator(MeanIoUMetric()))
    tiny.rewrite(ann_file, lambda c: c.pop('annotations'))
    data = tiny.tiny_dataset(ann_file, test_mode=True)
    for metric in (
        PanopticQualityMetric(),
        MeanIoUMetric(),
        InstanceAPMetric(),
    ):
        with pytest.raises(InputError, match=f'by {type(metric).__name__}'):
            check_scored(data, evaluator(metric))
    check_scored(data, evaluator(PanopticQualityMetric(str(tmp_path))))
    for metric in (
        MeanIoUMetric(label_dir='a'),
        InstanceAPMetric(ann_file='a.json'),
        CityscapesAPMetric(),
    ):
        with pytest.raises(FileNotFoundError, match='0.png|a.json|gtFine'):
            check_scored(data, evaluator(metric))


def test_files_are_looked_at_before_the_first_image(ann_file, tmp_path):
    data = tiny.tiny_dataset(ann_file, test_mode=True)
    image, png = tmp_path / 'img/1.bmp', tmp_path / 'seg/1_pan.png'
    image.unlink()
    with pytest.raises(FileNotFoundError, match=r'1.bmp does not exist'):
        check_scored(data, evaluator())
    tiny.Image.new('RGB', (3, 3)).save(png)
    with pytest.raises(InputError, match=r'1_pan.png has the size \(3, 3\)'):
        check_scored(data, evaluator())
    tiny.Image.new('L', (48, 32)).save(png)
    with pytest.raises(InputError, match='1_pan.png has the mode L'):
        check_scored(data, evaluator())


def test_differences_of_classes():
    one = dict(thing_classes=('a', 'b'), stuff_classes=('c',))
    assert class_difference(one, dict(one, classes=('x',))) == ''
    text = class_difference(one, dict(one, thing_classes=('b', 'a')))
    assert "another order (at place 0 'b' for 'a')" in text
    text = class_difference(one, dict(one, stuff_classes=('c', 'd')))
    assert text == "of the stuff classes it also has 'd'"
    lists = [dict(classes=tuple(map(str, range(n)))) for n in (20, 1)]
    assert 'and 9 more' in class_difference(*lists)


def test_an_error_of_a_worker_is_one_line(ann_file, tmp_path):
    init_default_scope('mmdet')
    steps = [dict(type='LoadPanopticImage')]
    data = tiny.tiny_dataset(ann_file, pipeline=steps)
    (tmp_path / 'img/0.bmp').write_bytes(b'')
    loader = DataLoader(data, num_workers=1, collate_fn=list)
    with pytest.raises(InputError) as error:
        next(iter(loader))
    assert 'Traceback' in str(error.value)
    text = one_line(error.value)
    assert text.startswith(str(tmp_path / 'img/0.bmp'))
    assert one_line(InputError('a: b')) == 'a: b'
