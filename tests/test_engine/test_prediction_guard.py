"""Predictions that are not finite stop an evaluation."""

from types import SimpleNamespace

import pytest
import torch
from mmdet.structures import DetDataSample
from torch import nn

from mmremax.engine import NonFiniteError, NonFiniteGuardHook
from mmremax.soft_label.checks import SoftLabelCheckHook
from tests.helpers.model_fixture import build_model

META = dict(
    img_path='a/b.jpg',
    ori_shape=(64, 64),
    img_shape=(64, 64),
    batch_input_shape=(65, 65),
)


@pytest.mark.parametrize('stage', ['val', 'test'])
def test_broken_weights_of_kmax(stage):
    model = build_model().eval()
    hook, runner = NonFiniteGuardHook(), SimpleNamespace(model=model)
    getattr(hook, f'before_{stage}')(runner)
    look = getattr(hook, f'after_{stage}_iter')

    def predict() -> list:
        samples = [DetDataSample(metainfo=META)]
        with torch.no_grad():
            return model.predict(torch.zeros(1, 3, 65, 65), samples)

    look(runner, 0, None, predict())
    next(model.panoptic_head.parameters()).data.fill_(float('nan'))
    with pytest.raises(NonFiniteError, match='a/b.jpg: the model predicts'):
        look(runner, 0, None, predict())


def test_results_of_a_segmentor():
    hook = SoftLabelCheckHook()
    hook.before_test(SimpleNamespace(model=nn.Identity()))
    sample = DetDataSample(metainfo=META)
    sample.set_data(dict(seg_logits=torch.zeros(2, 3)))
    hook.after_test_iter(None, 0, None, [sample])
    sample.seg_logits[0] = float('inf')
    with pytest.raises(NonFiniteError, match='a/b.jpg'):
        hook.after_test_iter(None, 0, None, [sample])
