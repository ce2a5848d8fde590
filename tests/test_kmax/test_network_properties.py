"""What holds for the decoders together, on a narrow network."""

import pytest
import torch

from tests.helpers.networks import NARROW, Decoders

SIZES = [(97, 161), (64, 96), (50, 75)]


def features(height, width, batch=2):
    return [
        torch.randn(batch, c, -(-height // s), -(-width // s))
        for c, s in zip(NARROW['in_channels'], (4, 8, 16, 32), strict=True)
    ]


def narrow():
    return Decoders(num_classes=5, **NARROW)


def total(predictions):
    return sum(
        x.float().square().mean()
        for p in predictions
        for x in (p.class_logits, p.mask_logits, p.pixel_feature[:, 0])
    )


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('amp', [False, True])
def test_every_parameter_gets_a_finite_gradient(size, amp):
    model, feats = narrow().train(), features(*size)
    with torch.autocast('cpu', torch.bfloat16, enabled=amp):
        loss = total(model(feats))
        loss = loss + model.auxiliary_semantic_head(feats).square().mean()
    assert loss.isfinite()
    loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


@torch.no_grad()
def test_images_are_independent_at_inference():
    model = narrow().eval()
    feats = features(97, 161)
    both = model(feats)[-1]
    for image in range(2):
        one = model([feat[image : image + 1] for feat in feats])[-1]
        torch.testing.assert_close(
            one.mask_logits[0], both.mask_logits[image], rtol=1e-4, atol=1e-5
        )


class Final(torch.nn.Module):
    """Class and mask logits of the final output, for tracing."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, *feats):
        final = self.model(feats)[-1]
        return final.class_logits, final.mask_logits


@pytest.mark.filterwarnings('ignore::torch.jit.TracerWarning')
@torch.no_grad()
def test_trace():
    model = Final(narrow().eval())
    traced = torch.jit.trace(model, features(64, 96, 1))
    feats = features(64, 96, 1)
    torch.testing.assert_close(traced(*feats), model(*feats))


@pytest.mark.slow
@torch.no_grad()
def test_compile_has_no_graph_break():
    model = Final(narrow().eval())
    compiled = torch.compile(model, fullgraph=True, backend='eager')
    feats = features(64, 96, 1)
    torch.testing.assert_close(compiled(*feats), model(*feats))
