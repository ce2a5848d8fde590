import pytest
import torch
from torch import nn

from mmremax.kmax.semantic_decoder import ASPP
from tests.golden import R, assert_probe, load_case
from tests.golden.fill import fill_module


@pytest.mark.parametrize(('case', 'side'), [('odd', 9), ('even', 8)])
def test_golden(case, side):
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
