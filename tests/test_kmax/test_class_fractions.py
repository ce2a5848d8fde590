"""Fractions of classes against matrices, and all that reads them, stored."""

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.structures import InstanceData, PixelData
from torch.nn import functional as F

from mmremax.kmax.class_fractions import class_fractions
from mmremax.kmax.losses.semantic import SemanticLoss
from mmremax.kmax.predictor import LayerPrediction
from mmremax.kmax.segments import VOID, BatchSegments
from mmremax.remax.reclass import ReClassAssigner
from mmremax.utils.constants import IGNORE
from tests.golden import load_golden
from tests.helpers.loss_fixture import mask_targets
from tests.helpers.model_fixture import CONFIGS, build_model
from tests.helpers.soft_labels import area_matrix, label_map, lattice_matrix
from tests.test_kmax.test_head import copy_weights, losses_of, samples

GOLDEN = load_golden('soft_labels')
STORED = GOLDEN['remax_stride4']
LATTICE = GOLDEN['lattice_13_to_4_stride_4']
PIXELS = torch.tensor(
    np.stack([label_map(16), np.full((16, 16), 255)]), dtype=torch.uint8
)


def by_matrices(label, matrices, num_classes):
    rows, columns = matrices
    return np.stack(
        [rows @ (label == c) @ columns.T for c in range(num_classes)]
    )


def targets_of(pixels, num_classes=5):
    """Targets of an image of one segment a cell; strided and soft."""
    hard = pixels[:, ::4, ::4].long()
    hard = hard.masked_fill(hard == IGNORE, VOID)
    size = tuple(hard.shape[1:])
    hard = hard.flatten(1)
    return mask_targets(
        hard,
        size,
        num_classes,
        labels=torch.arange(num_classes).expand(len(hard), -1),
        class_fractions=class_fractions(pixels, num_classes, size).flatten(2),
    )


def semantic_logits(channels=5):
    b, c, i, j = np.ogrid[:2, :channels, :4, :4]
    return torch.from_numpy(
        1.5 * np.sin(0.7 * c + 0.9 * i + 0.4 * j + 0.3 * b)
        + 0.5 * np.cos(1.3 * c - 0.6 * i * j)
    )


def test_fractions_are_the_stored_ones():
    fractions = class_fractions(PIXELS, 5, (4, 4))
    np.testing.assert_allclose(
        fractions[0, 1], STORED['soft_class1'], atol=1e-6
    )
    np.testing.assert_allclose(
        fractions[0].sum(0), STORED['soft_valid_mass'], atol=1e-6
    )
    assert fractions[1].max() == 0

    label = torch.tensor(LATTICE['label_13x13'])[None]
    fractions = class_fractions(label, 5, (4, 4))
    np.testing.assert_allclose(fractions[0], LATTICE['box_soft'], atol=1e-6)
    np.testing.assert_array_equal(label[0], LATTICE['label_13x13'])


@pytest.mark.parametrize('stride', [2, 3, 4, 8])
@pytest.mark.parametrize('cells', [(3, 5), (6, 2)])
def test_both_alignments_equal_matrices(stride, cells):
    rng = np.random.default_rng(stride)
    for extra, matrix in (
        (0, lambda n: area_matrix(n * stride, n)),
        (1, lambda n: lattice_matrix(n * stride - stride + 1, stride)),
    ):
        shape = [n * stride - extra * (stride - 1) for n in cells]
        label = rng.integers(0, 6, shape)
        label[label == 5] = IGNORE
        fractions = class_fractions(
            torch.tensor(label)[None],
            5,
            cells,
            alignment='lattice' if extra else 'cell',
        )
        expected = by_matrices(label, [matrix(n) for n in cells], 5)
        np.testing.assert_allclose(fractions[0], expected, atol=1e-6)


def test_sizes_without_alignment_are_refused():
    with pytest.raises(ValueError, match='14 pixels has no cell grid of 4'):
        class_fractions(torch.zeros(1, 14, 14), 5, (4, 4))


@pytest.mark.parametrize(
    ('settings', 'key'),
    [
        (dict(), 'hard_loss'),
        (dict(semantic_target='soft', normalizer='mass'), 'soft_loss_mass'),
        (dict(semantic_target='soft'), 'soft_loss_cells'),
    ],
    ids=['strided', 'mass', 'cells'],
)
def test_semantic_loss_is_the_stored_one(settings, key):
    loss = SemanticLoss(num_samples=0, **settings)
    value = loss.on_mask_grid(semantic_logits(), targets_of(PIXELS))
    assert value.item() == pytest.approx(STORED[key], abs=1e-5)


def test_sampled_cells_give_the_stored_loss():
    cells = torch.tensor(STORED['sampled_cells'])
    fractions = targets_of(PIXELS).class_fractions[:1][..., cells]
    logits = semantic_logits()[:1].flatten(2)[..., cells]
    value = SemanticLoss(semantic_target='soft').soft_loss_at(
        logits, fractions
    )
    stored = STORED['soft_loss_sampled_image0_cells']
    assert value.item() == pytest.approx(stored, abs=1e-5)


def test_sampling_reads_logits_and_fractions_of_the_same_cells():
    """All cells drawn in random order are all cells."""
    targets, logits = targets_of(PIXELS), semantic_logits()
    drawn = SemanticLoss(num_samples=15, semantic_target='soft')
    torch.manual_seed(0)
    value = drawn.on_mask_grid(logits, targets)
    torch.manual_seed(0)
    assert torch.equal(value, drawn.on_mask_grid(logits, targets))
    every = SemanticLoss(num_samples=16, semantic_target='soft')
    assert every.on_mask_grid(logits, targets).item() == pytest.approx(
        STORED['soft_loss_cells'], abs=1e-5
    )


@pytest.mark.parametrize('activation', ['softmax', 'sigmoid'])
@pytest.mark.parametrize('channels', [5, 6], ids=['classes', 'and void'])
def test_hard_fractions_give_the_strided_loss(activation, channels):
    """Cells of one class: the two targets say the same."""
    logits = semantic_logits(channels)
    label = PIXELS[:, ::4, ::4]
    fine = label.repeat_interleave(4, 1).repeat_interleave(4, 2)
    targets = targets_of(fine)
    strided, soft = (
        SemanticLoss(0, activation=activation, semantic_target=kind)
        for kind in ('strided', 'soft')
    )
    assert torch.allclose(
        soft.on_mask_grid(logits, targets),
        strided.on_mask_grid(logits, targets),
    )


def test_reclass_weights_are_the_stored_ones():
    n, cell = np.ogrid[:3, :16]
    mask_logits = torch.from_numpy(2 * np.sin(0.4 * n + 0.9 * cell))
    mask_logits = mask_logits.view(1, 3, 4, 4)
    targets = targets_of(PIXELS[:1])
    labels = torch.tensor([[4, 4, 4]])
    targets.labels = labels
    output = LayerPrediction(torch.zeros(1, 3, 6).double(), mask_logits, None)
    stored = STORED['reclass']
    for kind, key in (('strided', 'hard_weight'), ('soft', 'soft_weight')):
        reclass = ReClassAssigner(eta=1.0, semantic_target=kind)
        weights = reclass.class_targets(output, targets)
        expected = np.array(stored[key])[:, :4]  # class 4 is the label
        np.testing.assert_allclose(weights[0, :, :4], expected, atol=1e-5)
        assert (weights[0, :, 4] == 1).all()
        assert weights[0, :, 5].max() == 0


def test_soft_without_the_classes_of_pixels_names_the_remedy():
    targets = targets_of(PIXELS)
    targets.class_fractions = None
    with pytest.raises(ValueError, match='in PackPanopticInputs too'):
        SemanticLoss(semantic_target='soft').on_mask_grid(
            semantic_logits(), targets
        )


def sample_of(classes):
    grid = torch.full(classes[::4, ::4].shape, VOID, dtype=torch.int16)
    return DetDataSample(
        metainfo=dict(batch_input_shape=(16, 16)),
        gt_segments=InstanceData(labels=torch.zeros(0, dtype=torch.long)),
        gt_segment_map=PixelData(data=grid[None]),
        gt_sem_seg=PixelData(sem_seg=classes[None]),
    )


def test_segments_build_fractions_once_and_leave_the_annotation_alone():
    classes = PIXELS[0, :12, :8].clone()
    sample = sample_of(classes)
    segments = BatchSegments.from_data_samples([sample], (4, 4))
    fractions = segments.class_fractions(5)
    assert segments.class_fractions(5) is fractions
    expected = torch.full((1, 16, 16), IGNORE)
    expected[0, :12, :8] = classes
    assert torch.equal(
        fractions, class_fractions(expected, 5, (4, 4)).flatten(2)
    )
    assert torch.equal(sample.gt_sem_seg.sem_seg[0], PIXELS[0, :12, :8])


def test_a_batch_of_both_kinds_is_refused():
    samples = [sample_of(PIXELS[0]), sample_of(PIXELS[0])]
    del samples[1].gt_sem_seg
    with pytest.raises(ValueError, match='1 of 2 samples have no gt_sem_seg'):
        BatchSegments.from_data_samples(samples, (4, 4))


def with_pixels():
    """Samples with classes of 65 x 65 pixels, 2 below those of segments."""
    result = samples()
    for sample in result:
        labels = torch.cat([sample.gt_segments.labels, torch.tensor([255])])
        grid = labels[sample.gt_segment_map.data[0].long()]
        fine = grid.repeat_interleave(4, 0).repeat_interleave(4, 1)
        fine = fine[:65, :65].roll(2, 0).to(torch.uint8)
        sample.gt_sem_seg = PixelData(sem_seg=fine[None])
    return result


def test_classes_of_pixels_move_the_semantic_and_class_losses_of_soft():
    """Strided ignores them, bit for bit; the branch gets a gradient."""
    overlay = Config.fromfile(CONFIGS / '_base_/overlays/soft_target.py')
    model = build_model(with_remax=True)
    soft_model = build_model(
        with_remax=True, **overlay.soft_target.panoptic_head.to_dict()
    )
    copy_weights(model, soft_model)
    plain, strided, soft = (
        losses_of(model, samples()),
        losses_of(model, with_pixels()),
        losses_of(soft_model, with_pixels()),
    )
    assert plain.keys() == strided.keys() == soft.keys()
    assert all(torch.equal(plain[key], strided[key]) for key in plain)
    moved = {k for k in strided if not torch.equal(strided[k], soft[k])}
    names = {f'd{i}.loss_semantic' for i in range(3)}
    assert moved == names | {f'd{i}.loss_cls' for i in range(3)} | {'loss_cls'}
    assert all(value.isfinite() for value in soft.values())
    sum(soft[name] for name in names).backward()
    weight = soft_model.panoptic_head.semantic_head.stages[0][1].weight
    assert weight.grad.abs().max() > 0


def test_a_partly_void_location_counts_by_its_labelled_part():
    """Half is void, a quarter of either class: halves of two pixels' terms."""
    logits = torch.tensor([[[1.0], [-2.0]]]).double()
    fractions = torch.full((1, 2, 1), 0.25).double()
    terms = F.softplus(logits).sum() - logits.mean()
    loss = SemanticLoss(semantic_target='soft', activation='sigmoid')
    assert loss.soft_loss_at(logits, fractions) == pytest.approx(terms / 2)
