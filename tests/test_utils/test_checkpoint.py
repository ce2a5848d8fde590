"""The weights of a checkpoint are compared with those of a model."""

import pytest
import torch
from mmengine.model import BaseTTAModel
from torch import nn

from mmremax.kmax.head import KMaXHead
from mmremax.utils.checkpoint import (
    TRAINING_ONLY_PREFIXES,
    check_shapes,
    check_weights,
    is_training_only,
    misfits,
)
from mmremax.utils.fetched_weights import CheckpointError


def test_one_list_of_training_only_branches():
    assert TRAINING_ONLY_PREFIXES == tuple(
        f'panoptic_head.{name}.' for name in KMaXHead.training_only
    )
    assert is_training_only('panoptic_head.semantic_head.branches.0.weight')
    assert not is_training_only('panoptic_head.pixel_decoder.norm.weight')


def test_all_misfits_are_named_together():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    wanted = model.state_dict()
    weights = dict(wanted)
    del weights['1.num_batches_tracked']  # a counter may be missing
    assert misfits(weights, wanted) == ''
    del weights['1.weight'], weights['1.running_var']
    weights.update({'0.bias': torch.zeros(5), 'extra': torch.zeros(1)})
    assert misfits(weights, wanted) == (
        'Missing keys: 1.running_var, 1.weight. Unknown keys: extra. '
        'Wrong shapes: 0.bias (5,) instead of (3,).'
    )
    assert 'extra' not in misfits(weights, wanted, optional=['extra'])
    many = {str(i): torch.zeros(1) for i in range(10)}
    assert '0, 1, 2, 3, 4, 5, 6, 7 and 2 more' in misfits(many, {})


def test_a_checkpoint_fits_or_is_refused(tmp_path):
    """Training-only branches may be missing, or be there without need."""

    def model(with_branch):
        names = ['pixel_decoder', *['semantic_head'] * with_branch]
        parts = {name: nn.Linear(2, 3) for name in names}
        return nn.ModuleDict(dict(panoptic_head=nn.ModuleDict(parts)))

    for with_branch in (True, False):
        weights = {
            f'module.{key}': value
            for key, value in model(with_branch).state_dict().items()
        }
        path = tmp_path / f'{with_branch}.pth'
        torch.save(dict(state_dict=weights), path)
        for wanted in (True, False):
            check_weights(model(wanted), path)
    with pytest.raises(RuntimeError, match=r'Missing keys: .*semantic_head'):
        check_weights(model(True), path, may_be_stripped=False)
    with pytest.raises(RuntimeError) as error:
        check_weights(nn.Linear(4, 3), path)
    text = str(error.value)
    assert f'The checkpoint {path} does not fit the config' in text
    assert 'Missing keys: bias, weight. Unknown keys: panoptic_head' in text


class Views(BaseTTAModel):
    def merge_preds(self, samples):
        return samples


def test_weights_to_start_from_have_the_model_s_shapes():
    """Missing and unknown ones are mmengine's to report."""
    model = nn.Linear(2, 3)
    some = dict(other=torch.ones(1), weight=torch.ones(3, 2))
    check_shapes(model, dict(state_dict=some), 'a.pth')
    model.test_step = None  # mmengine wants one
    check_shapes(Views(model), some, 'a.pth')
    with pytest.raises(CheckpointError, match='none of the weights of the mo'):
        check_shapes(model, dict(other=torch.ones(1)), 'a.pth')
    wrong = {'module.weight': torch.ones(3, 4)}
    for content in (wrong, dict(state_dict=wrong)):
        with pytest.raises(CheckpointError, match=r'\(3, 4\) instead of') as e:
            check_shapes(model, content, 'a.pth')
        assert 'a.pth' in str(e.value)
        assert '--drop' in str(e.value)
