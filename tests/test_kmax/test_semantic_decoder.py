"""The semantic branch of kMaX-DeepLab, and ASPP; see test_golden_networks."""

import pytest
import torch
from mmdet.registry import MODELS
from torch import nn

from mmremax.kmax import semantic_decoder
from mmremax.kmax.semantic_decoder import ASPP, KMaXSemanticDecoder
from tests.golden import R, assert_probe, load_case
from tests.golden.fill import fill_module
from tests.helpers.model_fixture import assert_gradients

SIZES = {'odd': (3, 9, 17), 'even': (2, 8, 16)}


@pytest.mark.parametrize('case', ['odd', 'even'])
def test_golden(case):
    head = KMaXSemanticDecoder(4, in_channels=(10, 12, 7, 24))
    head = fill_module(head, 'module.semantic_predictor_odd', 'sem')
    stride_32, stride_8, stride_4 = SIZES[case]
    feats = (
        R('os4', (1, 10, stride_4, stride_4)),
        R('os8', (1, 12, stride_8, stride_8)),
        torch.zeros(1, 7, 5, 5),
        R('os32', (1, 24, stride_32, stride_32)),
    )
    case = f'module.semantic_predictor_{case}'
    assert_probe(head(feats), load_case(case)['expected'])


@pytest.mark.parametrize(
    ('size', 'aligned'), [((2, 3), True), ((3, 2), False)]
)
def test_the_width_decides_where_one_side_is_even(monkeypatch, size, aligned):
    asked = []
    resize = semantic_decoder.resize_like_kmax

    def recorded(x, to, align_corners):
        asked.append(align_corners)
        return resize(x, to, align_corners)

    monkeypatch.setattr(semantic_decoder, 'resize_like_kmax', recorded)
    head = KMaXSemanticDecoder(4, in_channels=(4, 4, 4, 4), channels=8)
    scales = (8, 4, 2, 1)
    head([torch.randn(1, 4, size[0] * n, size[1] * n) for n in scales])
    assert asked == [aligned] * 3


HEADS = dict(  # keys of the head, sides of its features and its output
    decoder=(
        dict(type='KMaXSemanticDecoder', low_level_channels=(4, 2)),
        (9, 5, 3, 2),
        9,
    ),
    classifier=(dict(type='KMaXSemanticClassifier'), (3,), 3),
)


@pytest.mark.parametrize('name', HEADS)
@pytest.mark.parametrize('with_void', [False, True])
def test_shapes_and_gradients(name, with_void):
    """Of one image in training mode; void is an output only if wanted."""
    config, sides, side = HEADS[name]
    head = MODELS.build(
        dict(
            config,
            num_classes=4,
            in_channels=(4, 4, 4, 4),
            with_void=with_void,
            channels=8,
        )
    )
    logits = head([torch.randn(1, 4, n, n + 1) for n in sides])
    assert logits.shape == (1, 4 + with_void, side, side + 1)
    logits.square().sum().backward()
    assert_gradients(head)


@pytest.mark.parametrize(('case', 'side'), [('odd', 9), ('even', 8)])
def test_aspp_golden(case, side):
    aspp = fill_module(ASPP(24, 16), f'module.aspp_{case}', 'aspp')
    out = aspp(R('input', (1, 24, side, side)))
    assert_probe(out, load_case(f'module.aspp_{case}')['expected'])


@pytest.mark.parametrize('sync', [False, True])
def test_one_image_trains_with_running_statistics(sync):
    aspp = ASPP(4, 8)
    if sync:
        aspp = nn.SyncBatchNorm.convert_sync_batchnorm(aspp)
    x = torch.randn(1, 4, 5, 5)
    pooled = aspp.image_feature(x)
    pooled.sum().backward()
    assert aspp.image_branch.norm.num_batches_tracked == 0
    assert aspp.image_branch.norm.weight.grad is not None
    torch.testing.assert_close(pooled, aspp.eval().image_feature(x))


def test_two_images_train_with_their_statistics():
    aspp = ASPP(4, 8)
    aspp.image_feature(torch.randn(2, 4, 5, 5))
    assert aspp.image_branch.norm.num_batches_tracked == 1
