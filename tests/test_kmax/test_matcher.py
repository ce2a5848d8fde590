"""Index maps of segments, and KMaXAssigner: golden, an oracle, edges."""

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment

from mmremax.kmax import segments
from mmremax.kmax.matcher import KMaXAssigner, dice_of_sums
from mmremax.kmax.predictor import LayerPrediction
from mmremax.kmax.segments import (
    BatchSegments,
    count_by_segment,
    lookup,
    sum_by_few_segments,
    sum_by_segment,
)
from tests.golden import load_case
from tests.helpers.loss_fixture import (
    as_data_samples,
    fixture_output,
    fixture_segments,
)


def assign(num_queries=6):
    output, _ = fixture_output(num_queries=num_queries)
    return KMaXAssigner().assign(output, fixture_segments())


def test_golden_similarities_and_pairs():
    expected = load_case('loss.matcher')['expected']
    output, _ = fixture_output()
    segments = fixture_segments()
    mask_sum = sum_by_segment(
        output.mask_logits.flatten(2).softmax(1),
        segments.segment_map.flatten(1),
        4,
    )
    area = count_by_segment(segments.segment_map, 4)[:, None, :-1]
    dice = dice_of_sums(mask_sum, area)
    for image, labels in enumerate(segments.labels):
        prob = output.class_logits[image].softmax(1)[:, labels]
        np.testing.assert_allclose(
            prob, expected['class_similarity'][image], rtol=1e-7
        )
        np.testing.assert_allclose(
            dice[image, :, : len(labels)],
            expected['mask_similarity'][image],
            rtol=1e-7,
        )


def test_golden_targets():
    expected = load_case('loss.targets')['expected']
    targets = assign()
    assert targets.labels.tolist() == expected['labels']
    void = (~targets.valid).sum(1)
    assert void.tolist() == expected['void_pixels_per_image']
    semantic = torch.where(targets.semantic_map < 0, 4, targets.semantic_map)
    assert semantic[:, :9].tolist() == expected['ground_truth_semantic_row0']
    for found, key in (
        (targets.query_area(), 'mask_area_per_query'),
        (targets.query_mask_weight, 'pq_loss_mask_weight'),
        (targets.query_class_weight, 'pq_loss_class_weight'),
        (targets.inverse_area()[:, :9], 'inverse_gt_mask_area_row0'),
    ):
        np.testing.assert_allclose(found, expected[key], rtol=1e-7)


def test_golden_more_segments_than_queries():
    expected = load_case('loss.more_gt_than_queries')['expected']
    targets = assign(num_queries=3)
    void = (~targets.valid).sum(1)
    assert void.tolist() == expected['void_pixels_per_image']
    segments = fixture_segments()
    for image, queries in enumerate(expected['matched_query_index']):
        pairs = zip(queries, expected['matched_gt_index'][image], strict=True)
        for query, segment in pairs:
            locations = segments.segment_map[image].flatten() == segment
            assert (targets.query_map[image][locations] == query).all()


def slow_assign(class_logits, mask_logits, segment_map, labels, eps=1e-5):
    """Loop over queries and segments of one image, as the paper has it."""
    queries, classes = class_logits.shape[0], class_logits.shape[1] - 1
    prob = mask_logits.flatten(1).softmax(0).numpy()
    class_prob = class_logits.softmax(1).numpy()
    flat = segment_map.flatten().numpy()
    dice = np.zeros((queries, len(labels)))
    score = np.zeros((queries, len(labels)))
    for n in range(queries):
        for j, label in enumerate(labels):
            mask = flat == j
            known = prob[n][flat >= 0].sum()
            total = (known + mask.sum()) / 2 + 1e-5
            dice[n, j] = prob[n][mask].sum() / total
            score[n, j] = class_prob[n, label]
    rows, columns = linear_sum_assignment(-dice * score)
    query_labels = np.full(queries, classes)
    class_weight, mask_weight = np.zeros(queries), np.zeros(queries)
    query_map = np.full(flat.shape, -1)
    for n, j in zip(rows, columns, strict=True):
        query_labels[n] = labels[j]
        class_weight[n] = max(dice[n, j], eps)
        mask_weight[n] = max(score[n, j], eps)
        query_map[flat == j] = n
    for n in set(range(queries)) - set(rows):
        overlap = prob[n][query_map < 0].sum() / (prob[n].sum() + 1e-5)
        class_weight[n] = max(overlap, eps)
    return query_map, query_labels, class_weight, mask_weight


@pytest.mark.parametrize('queries', [4, 9])
def test_equals_a_slow_oracle(queries):
    generator = torch.Generator().manual_seed(queries)
    batch, classes, counts = 3, 5, [6, 0, 2]
    class_logits, mask_logits = (
        torch.randn(batch, queries, *shape, generator=generator).double()
        for shape in ((classes + 1,), (7, 11))
    )
    segment_map = torch.stack(  # without segments all is -1
        [
            torch.randint(-1, count, (7, 11), generator=generator)
            for count in counts
        ]
    )
    labels = [
        torch.randint(0, classes, (count,), generator=generator)
        for count in counts
    ]
    targets = KMaXAssigner().assign(
        LayerPrediction(class_logits, mask_logits, None),
        BatchSegments(segment_map, labels),
    )
    for i in range(batch):
        query_map, query_labels, class_weight, mask_weight = slow_assign(
            class_logits[i], mask_logits[i], segment_map[i], labels[i]
        )
        np.testing.assert_array_equal(targets.query_map[i], query_map)
        np.testing.assert_array_equal(targets.labels[i], query_labels)
        np.testing.assert_allclose(targets.query_class_weight[i], class_weight)
        np.testing.assert_allclose(targets.query_mask_weight[i], mask_weight)


def test_a_batch_without_any_segment():
    segments = BatchSegments(
        torch.full((2, 3, 3), -1), [torch.zeros(0, dtype=torch.long)] * 2
    )
    output = LayerPrediction(
        torch.zeros(2, 4, 6), torch.zeros(2, 4, 3, 3), None
    )
    targets = KMaXAssigner().assign(output, segments)
    assert (targets.labels == 5).all()
    assert not targets.valid.any()
    assert (targets.query_mask_weight == 0).all()
    torch.testing.assert_close(
        targets.query_class_weight, torch.ones(2, 4), atol=1e-4, rtol=0
    )


def test_weights_have_a_floor():
    """Class probability 0 and a mask that covers nothing of the segment."""
    segments = BatchSegments(torch.zeros(1, 2, 2).long(), [torch.tensor([1])])
    class_logits = torch.tensor([[[0.0, -99.0, 0.0]]])
    output = LayerPrediction(class_logits, torch.zeros(1, 1, 2, 2), None)
    targets = KMaXAssigner().assign(output, segments)
    assert targets.query_mask_weight.item() == pytest.approx(1e-5)
    # Two queries: the other one has no part of the void, of which is none.
    output = LayerPrediction(
        class_logits.expand(1, 2, 3), torch.zeros(1, 2, 2, 2), None
    )
    targets = KMaXAssigner(eps=0.25).assign(output, segments)
    assert sorted(targets.query_class_weight[0].tolist())[0] == 0.25
    assert sorted(targets.query_mask_weight[0].tolist()) == [0, 0.25]


def test_nan_reaches_the_loss_and_not_the_solver():
    output, _ = fixture_output()
    output.mask_logits[0, 0, 0, 0] = float('nan')
    targets = KMaXAssigner().assign(output, fixture_segments())
    assert (targets.labels[0] < 4).sum() == 4


def one_segment(height, width):
    maps = torch.zeros(1, height, width).long()
    return as_data_samples(BatchSegments(maps, [torch.tensor([7])]))


def test_stacking_fills_with_void():
    samples = one_segment(2, 3)
    batch = BatchSegments.from_data_samples(samples, (3, 4))
    wanted = [[0, 0, 0, -1], [0, 0, 0, -1], [-1, -1, -1, -1]]
    assert batch.segment_map.tolist() == [wanted]
    assert batch.semantic_map()[0].max() == 7
    assert batch.max_segments == 1


def test_a_map_of_another_stride_than_the_grid():
    for shape in ((5, 3), (3, 5)):
        with pytest.raises(ValueError, match='label_stride'):
            BatchSegments.from_data_samples(one_segment(*shape), (3, 4))
    # One of a larger stride would fit, padded, and halve every segment.
    samples = one_segment(13, 17)
    samples[0].img_shape = (52, 65)
    samples[0].batch_input_shape = (65, 65)
    BatchSegments.from_data_samples(samples, (17, 17))
    with pytest.raises(ValueError, match='label_stride'):
        BatchSegments.from_data_samples(samples, (33, 33))
    samples = one_segment(2, 2)  # 5 pixels at stride 2 are 3 locations
    samples[0].img_shape = samples[0].batch_input_shape = (5, 5)
    with pytest.raises(ValueError, match='label_stride'):
        BatchSegments.from_data_samples(samples, (3, 3))


def test_lookup():
    table = torch.tensor([[5, 6], [7, 8]])
    index = torch.tensor([[1, -1, 0], [0, 0, 1]])
    assert lookup(table, index, 9).tolist() == [[6, 9, 5], [7, 7, 8]]


@pytest.mark.parametrize('chunk', [1, 6, 1 << 15])
def test_sums_and_counts_equal_loops(monkeypatch, chunk):
    monkeypatch.setattr(segments, '_CHUNK_LOCATIONS', chunk)
    values = torch.randn(2, 3, 10).double()
    index = torch.randint(-1, 4, (2, 10))
    ours = sum_by_segment(values, index, 4)
    counts = count_by_segment(index, 4)
    for b in range(2):
        for n in range(5):
            locations = index[b] == (n if n < 4 else -1)
            torch.testing.assert_close(
                ours[b, :, n], values[b][:, locations].sum(1)
            )
            assert counts[b, n] == locations.sum()
    apart = torch.where(index < 0, index, 7 * index)
    few = sum_by_few_segments(values, apart, 30)
    torch.testing.assert_close(few, sum_by_segment(values, apart, 30))
