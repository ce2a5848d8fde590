"""A method is run again on its own inputs, off the graph."""

from typing import NamedTuple

import pandas as pd
import pytest
import torch
from torch import nn

from tests.helpers.scripts import ROOT, load_script


class Outputs(NamedTuple):
    mask: torch.Tensor
    labels: torch.Tensor


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.calls = []

    def loss_by_feat(self, outputs: Outputs, names: list) -> dict:
        self.calls.append(outputs.mask)
        return dict(loss=(outputs.mask * outputs.labels).sum(), acc=names)


@pytest.fixture
def again():
    tool = load_script('tools/analysis/compare_trees.py')
    return tool['Again'](Head, 'loss_by_feat')


@pytest.mark.filterwarnings('error')
def test_the_second_run_leaves_the_step_alone(again):
    head, names = Head(), torch.ones(())
    for step in range(1, 3):
        outputs = Outputs(head.weight * torch.ones(3), torch.arange(3))
        losses = head.loss_by_feat(outputs, names)
        losses['loss'].backward()
        assert float(head.weight.grad) == 3 * step, 'of one run, not of two'
        own, given = head.calls[-2:]
        assert given is outputs.mask
        assert own.is_leaf
        assert own.grad.tolist() == [0, 1, 2]
    assert len(again.part) == 2
    assert len(again.step) == 1
    assert min(again.part) > 0


def test_exponents_of_growth(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / 'tools/analysis')
    tool = load_script('tools/analysis/benchmark_growth.py')
    table = pd.DataFrame(dict(a=[1, 7, 16], b=[3, 2, 3]), index=[1, 2, 4])
    assert tool['exponents'](table).tolist() == pytest.approx([2, 0])
