"""What a step costs on CUDA: waits for the device, and memory."""

import warnings

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmremax.engine.measure import synthetic_batch
from mmremax.engine.step_memory import TensorMemory
from mmremax.utils.config_edits import remove_pretrained
from tests.helpers.model_fixture import CONFIGS, build_model

from .cases import CLASSES, SEGMENTS, SHAPE, total


@pytest.fixture
def cuda(device):
    if device.type != 'cuda':
        pytest.skip('counted on CUDA alone')
    return device


def waits(function) -> list[str]:
    """Call it; one text for each time that it waits for the device."""
    torch.cuda.synchronize()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        torch.cuda.set_sync_debug_mode('warn')
        function()
        torch.cuda.set_sync_debug_mode('default')
    texts = [f'{w.filename}:{w.lineno} {w.message}' for w in caught]
    return [text for text in texts if 'synchron' in text]


def test_a_training_step_waits_for_the_matching_alone(cuda):
    model = build_model(with_remax=True).train().to(cuda)
    batch = synthetic_batch(2, SHAPE, SEGMENTS, CLASSES)
    data = model.data_preprocessor(batch, training=True)

    def step():
        total(model(**data, mode='loss')).backward()

    step()
    # The similarities go to the host, the pairs come back.
    assert len(found := waits(step)) <= 2, found


def test_an_inference_waits_once_an_image(cuda):
    model = build_model().eval().to(cuda)
    batch = synthetic_batch(2, SHAPE, SEGMENTS, CLASSES, ori_shape=(40, 60))
    data = model.data_preprocessor(batch)

    @torch.no_grad()
    def step():
        model(**data, mode='predict')

    step()
    found = waits(step)
    copies = [text for text in found if 'fusion.py' in text]
    assert len(copies) <= 2 * 2, found  # the table there, the lookup back


def test_memory_is_as_counted(cuda):
    """ReMaX-M at 641, two images: what docs/performance.md is made of."""
    cfg = Config.fromfile(CONFIGS / 'remax/remax-m_r50_coco.py')
    init_default_scope('mmdet')
    remove_pretrained(cfg)
    peaks = []
    for place in ('cpu', cuda):
        model = MODELS.build(cfg.model).train().to(place)
        counts = cfg.model.num_things_classes, cfg.model.num_stuff_classes
        batch = synthetic_batch(2, (641, 641), 20, counts)
        data = model.data_preprocessor(batch, training=True)
        torch.cuda.reset_peak_memory_stats()
        counter = TensorMemory([*model.parameters(), *model.buffers()])
        if place == 'cpu':
            with counter:
                total(model(**data, mode='loss')).backward()
            peaks.append(counter.peak)
        else:
            total(model(**data, mode='loss')).backward()
            peaks.append(torch.cuda.max_memory_allocated())
        del model, data
    assert 0.8 < peaks[1] / peaks[0] < 1.3, peaks
