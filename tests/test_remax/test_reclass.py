"""ReClassAssigner: Eq. 3-4 by hand and by loops."""

import numpy as np
import pytest
import torch
from mmdet.registry import TASK_UTILS

from mmremax.kmax.predictor import LayerPrediction
from mmremax.kmax.targets import MaskTargets
from mmremax.remax.reclass import ReClassAssigner, class_overlap, soften
from tests.helpers.loss_fixture import fixture_output, fixture_segments


def reclass(**settings):
    return ReClassAssigner(dict(type='KMaXAssigner'), **settings)


def soft_targets(assigner, labels, mask_logits, semantic_map, num_classes):
    """Class targets of the assigner; what it does not read is None."""
    shape = (*labels.shape, num_classes + 1)
    output = LayerPrediction(
        class_logits=torch.zeros(shape, dtype=mask_logits.dtype),
        mask_logits=mask_logits,
        pixel_feature=None,
    )
    targets = MaskTargets(
        None, semantic_map, labels, None, None, mask_logits.shape[2:]
    )
    return assigner.class_targets(output, targets)


def test_the_equations_by_hand():
    """Eq. 3 on two locations of class 0 and one of 1; Eq. 4 on y_m."""
    prob = torch.tensor([[[0.5, 0.25, 0.75, 1.0]]])
    y_m = class_overlap(prob, torch.tensor([[0, 0, 1, -1]]), 3)
    assert y_m.tolist() == [[[0.375, 0.75, 0.0]]]
    one_hot = torch.tensor([[[1.0, 0.0, 0.0, 0.0]]])
    soft = soften(one_hot, y_m, 0.5)
    assert soft.tolist() == [[[1.0, 0.375, 0.0, 0.0]]]


@pytest.mark.parametrize('queries', ['matched', 'all'])
def test_by_hand(queries):
    """Two locations of class 0, one of class 1, one void; logits 0 but one.

    sigma(m) = (1/2, 1/2, 3/4, x). Eq. 3: y_m = (1/2, 3/4).
    Eq. 4, eta = 0.2, label 0: (1, 0.15) with no_object 0; an unmatched
    query stays (0, 0, 1), or becomes 0.2 * (1/2, 3/4) with no_object 1.
    """
    logits = torch.tensor([0.0, 0.0, np.log(3), 5.0], dtype=torch.float64)
    found = soft_targets(
        ReClassAssigner(eta=0.2, queries=queries),
        labels=torch.tensor([[0, 2]]),
        mask_logits=logits.expand(1, 2, 4).reshape(1, 2, 2, 2),
        semantic_map=torch.tensor([[0, 0, 1, -1]]),
        num_classes=2,
    )
    unmatched = [0, 0, 1] if queries == 'matched' else [0.1, 0.15, 1]
    wanted = torch.tensor([[[1, 0.15, 0], unmatched]], dtype=torch.float64)
    torch.testing.assert_close(found, wanted)


def test_equals_a_slow_oracle():
    generator = torch.Generator().manual_seed(3)
    mask_logits = torch.randn(2, 5, 6, 7, generator=generator).double()
    semantic = torch.randint(-1, 3, (2, 42), generator=generator)
    labels = torch.tensor([[0, 4, 2, 1, 4], [4, 4, 1, 1, 0]])
    ours = soft_targets(reclass(), labels, mask_logits, semantic, 4)
    sigma = 1 / (1 + np.exp(-mask_logits.flatten(2).numpy()))
    for b, q, c in np.ndindex(2, 5, 5):
        y = float(labels[b, q] == c)
        locations = semantic[b].numpy() == c
        y_m = sigma[b, q][locations].mean() if locations.any() else 0.0
        if labels[b, q] == 4 or c == 4:
            y_m = 0.0
        wanted = 0.1 * y_m + (1 - 0.1 * y_m) * y
        assert ours[b, q, c].item() == pytest.approx(wanted)


def test_range_and_no_gradient():
    output, _ = fixture_output(requires_grad=True)
    assigner = reclass(eta=1.0)
    targets = assigner.assign(output, fixture_segments())
    soft = assigner.class_targets(output, targets)
    assert not soft.requires_grad
    assert 0 <= soft.min()
    assert soft.max() <= 1
    own = soft.gather(2, targets.labels[:, :, None])
    assert (own == 1).all()


def test_matches_like_its_base_and_eta_0_is_one_hot():
    output, _ = fixture_output()
    base = TASK_UTILS.build(dict(type='KMaXAssigner'))
    targets = reclass().assign(output, fixture_segments())
    wanted = base.assign(output, fixture_segments())
    assert torch.equal(targets.query_map, wanted.query_map)
    hard = base.class_targets(output, targets)
    assert torch.equal(reclass(eta=0.0).class_targets(output, targets), hard)
    assert not torch.equal(reclass().class_targets(output, targets), hard)


@pytest.mark.parametrize(
    ('key', 'message'),
    [
        (dict(eta=1.5), r'eta=1\.5'),
        (dict(queries='few'), 'few'),
        (dict(semantic_target='hard'), "'strided' nor 'soft'"),
    ],
)
def test_bad_keys_are_named(key, message):
    with pytest.raises(ValueError, match=message):
        ReClassAssigner(**key)
