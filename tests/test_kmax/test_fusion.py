"""Post-processing against a slow oracle."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmdet.structures import DetDataSample
from torch import Tensor

from mmremax.kmax import fusion, mask_resize
from mmremax.kmax.fusion import KMaXFusionHead
from mmremax.kmax.mask_resize import bands_of_image, resize_in_tiles
from mmremax.kmax.pixel_readers import (
    MaskReader,
    PairReader,
    _held_by_search,
    _held_by_top_two,
)
from tests.helpers.fusion_fixture import (
    assert_same_segments,
    pan_map,
    predict,
    sample,
)
from tests.helpers.fusion_oracle import (
    DEFAULTS,
    SIZES,
    full_resolution_logits,
    oracle_merge,
    random_case,
)

MEDIUM = ((26, 34), (26, 33), (33, 33))
LARGE = ((60, 90), (86, 129), (129, 129))
PUBLISHED = ((427, 640), (855, 1281), (1281, 1281))


def assert_equals_oracle(
    case: tuple, meta: DetDataSample, scale: int = 1, **change: float
) -> dict[int, int]:
    """Compare the panoptic result of a case with the oracle's.

    `scale` is the number of input pixels of an output pixel. Returns the
    segments' classes.
    """
    class_logits, mask_logits = case
    logits = full_resolution_logits(mask_logits, meta.metainfo)
    cfg = DEFAULTS | change
    expected, labels = oracle_merge(class_logits, logits, 3, cfg)
    cfg |= {k: scale * v for k, v in change.items() if k.endswith('area')}
    ours = pan_map(predict(*case, meta, **cfg))
    assert_same_segments(ours, expected, labels)
    return labels


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize(
    'change',
    [
        {},
        dict(mask_score_power=0.0, overlap_threshold=0.9),
        dict(class_score_power=0.0, overlap_threshold=0.0),
        dict(pixel_threshold=0.5),
        dict(pixel_threshold=0.34, overlap_threshold=0.3),
        dict(thing_threshold=1.0, stuff_threshold=1.0),
        dict(thing_threshold=0.0, stuff_threshold=0.0),
    ],
    ids=str,
)
def test_panoptic_equals_oracle(
    size: tuple, change: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mask_resize, 'TILE_SHAPE', dict(cpu=(7, 10)))
    *shapes, shape = size
    for seed in range(4):
        case = random_case(seed, shape=shape)
        assert_equals_oracle(case, sample(*shapes), **change)


def test_area_limits_equal_oracle() -> None:
    """Limits count pixels of the network input: here twice the output."""
    meta = sample((24, 32), (48, 64), (64, 64))
    limits = dict(min_thing_area=40, min_stuff_area=60)
    dropped = 0
    for seed in range(6):
        case = random_case(seed, shape=(16, 16))
        every = assert_equals_oracle(case, meta)
        dropped += len(every) - len(
            assert_equals_oracle(case, meta, scale=4, **limits)
        )
    assert dropped > 0


@pytest.mark.parametrize('rescale', [True, False])
def test_semantic_and_instances_equal_oracle(rescale: bool) -> None:
    meta = sample(*MEDIUM)
    class_logits, mask_logits = random_case(0)
    wanted = dict(panoptic_on=False, semantic_on=True, instance_on=True)
    case = class_logits, mask_logits, meta
    result = predict(*case, rescale, max_per_image=20, **wanted)
    assert set(result) == {'sem_results', 'ins_results'}
    logits = full_resolution_logits(mask_logits, meta.metainfo, rescale)
    pi = logits.softmax(0)
    class_prob = class_logits.softmax(-1)[:, :-1]
    scores = torch.einsum('qk,qhw->khw', class_prob, pi)
    sem_seg = result['sem_results'].sem_seg
    torch.testing.assert_close(sem_seg[0], scores.argmax(0))

    order = class_prob.flatten().argsort(descending=True)[:20]
    instances = result['ins_results']
    assert len(instances) == 20
    for i, pair in enumerate(order.tolist()):
        query, label = divmod(pair, 6)
        mask = pi[query] > 0.4
        score = class_prob[query, label] * (
            (pi[query] * mask).sum() / (mask.sum() + 1e-6)
        )
        assert instances.labels[i] == label
        torch.testing.assert_close(instances.masks[i], mask)
        torch.testing.assert_close(instances.scores[i], score)


def test_permuting_queries_changes_nothing() -> None:
    case = random_case(3)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    permuted = [logits[order] for logits in case]
    once, again = (predict(*c, sample(*MEDIUM)) for c in (case, permuted))
    np.testing.assert_array_equal(pan_map(once), pan_map(again))


def test_batch_equals_singles_and_tiles_do_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    metas = [sample(*MEDIUM), sample((33, 20), padded=(33, 33))]
    cases = [random_case(1), random_case(2)]
    batch = map(torch.stack, zip(*cases, strict=True))
    together = KMaXFusionHead(3, 3).predict(*batch, metas)
    monkeypatch.setattr(mask_resize, 'TILE_SHAPE', dict(cpu=(1, 3)))
    for both, case, meta in zip(together, cases, metas, strict=True):
        single = predict(*case, meta)
        np.testing.assert_array_equal(pan_map(both), pan_map(single))


@pytest.mark.parametrize('num_queries', [1, 2])
def test_few_queries_and_no_segment(num_queries: int) -> None:
    """One query holds every pixel; a query without a class holds none."""
    mask_logits = torch.zeros(num_queries, 8, 8)
    mask_logits[0] += 1
    class_logits = torch.full((num_queries, 7), -9.0)
    class_logits[0, 1] = 9
    result = predict(class_logits, mask_logits, sample((32, 32)))
    assert (pan_map(result) == 1001).all()
    class_logits[0, 6] = 20
    result = predict(class_logits, mask_logits, sample((32, 32)))
    assert (pan_map(result) == 6).all()
    assert result['pan_results'].sem_seg.dtype == torch.int32
    assert result['pan_results'].sem_seg.shape == (1, 32, 32)


def test_instances_without_mask_have_empty_boxes() -> None:
    mask_logits = torch.zeros(12, 8, 8)  # no query exceeds 0.4
    result = predict(
        torch.zeros(12, 7), mask_logits, sample((32, 32)), instance_on=True
    )
    instances = result['ins_results']
    assert (instances.labels < 3).all()
    assert (instances.scores == 0).all()
    assert (instances.bboxes == 0).all()
    assert (pan_map(result) == 6).all()


def test_composed_resize_equals_two_resizes() -> None:
    """The published size: 321 -> 1281, crop 855, -> 427 and 640."""
    mask_logits = torch.randn(
        2, 321, 321, generator=torch.Generator().manual_seed(0)
    )
    meta = sample(*PUBLISHED).metainfo
    expected = full_resolution_logits(mask_logits, meta)
    rows, cols = bands_of_image(mask_logits, meta, rescale=True)
    assert max(row.source.stop - row.source.start for row in rows) <= 19
    ours = torch.full((427, 640, 2), torch.nan)
    for tile, logits in resize_in_tiles(mask_logits, rows, cols):
        ours[tile] = logits
    torch.testing.assert_close(
        ours.permute(2, 0, 1), expected, atol=1e-5, rtol=0
    )


@pytest.mark.parametrize(
    ('size', 'num_queries', 'side'),
    [
        (LARGE, 32, 33),
        pytest.param(PUBLISHED, 128, 321, marks=pytest.mark.slow),
    ],
)
def test_float32_equals_oracle_but_at_the_threshold(
    size: tuple, num_queries: int, side: int
) -> None:
    meta = sample(*size)
    class_logits, mask_logits = random_case(0, num_queries, (12, 12))
    mask_logits = F.interpolate(
        mask_logits[None].float(), size=(side, side), mode='bicubic'
    )[0]
    ids = pan_map(predict(class_logits.float(), mask_logits, meta, **DEFAULTS))
    logits = full_resolution_logits(mask_logits, meta.metainfo)
    expected, labels = oracle_merge(class_logits, logits, 3, DEFAULTS)
    pi = logits.softmax(0)
    expected[((pi - 0.4).abs() < 1e-4).any(0)] = -1
    for segment_id, label in labels.items():
        values = np.unique(ids[expected == segment_id])
        assert len(values) == 1
        assert values[0] % 1000 == label
    assert (ids[expected == 0] == 6).all()
    assert (expected == -1).mean() < 1e-3


def test_autocast_changes_nothing_and_bfloat16_is_read() -> None:
    meta, case = sample(*LARGE), [x.float() for x in random_case(7)]
    plain = predict(*case, meta, semantic_on=True)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        cast = predict(*case, meta, semantic_on=True)
    for key in plain:
        assert torch.equal(plain[key].sem_seg, cast[key].sem_seg)
    result = predict(*(x.bfloat16() for x in case), sample((33, 33)))
    assert (pan_map(result) != 6).any()


def test_one_copy_per_image(monkeypatch: pytest.MonkeyPatch) -> None:
    copies = []
    cpu = Tensor.cpu
    monkeypatch.setattr(
        Tensor, 'cpu', lambda self: copies.append(1) or cpu(self)
    )
    for name in ('item', 'tolist', '__bool__', '__int__', '__float__'):
        monkeypatch.setattr(
            Tensor, name, lambda self, name=name: pytest.fail(name)
        )
    whole = slice(0, 9)
    rows = [mask_resize.Band(whole, whole, torch.eye(9).double())]
    monkeypatch.setattr(fusion, 'bands_of_image', lambda *_: (rows, rows))
    predict(*random_case(0), sample((9, 9)))
    assert copies == [1]


@pytest.mark.parametrize(
    ('key', 'error', 'message'),
    [
        (dict(pixel_treshold=0.4), TypeError, r"\['pixel_treshold'\]"),
        *(
            (dict(pixel_threshold=value), ValueError, 'between 1/3 and 1')
            for value in (0.0, 0.2, 1 / 3, 1.0)
        ),
    ],
)
def test_bad_test_cfg_is_an_error(
    key: dict, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        KMaXFusionHead(3, 3, key)


def test_ids_of_instances_leave_room_for_999_classes() -> None:
    KMaXFusionHead(1, 998)
    with pytest.raises(ValueError, match='1000 classes do not fit'):
        KMaXFusionHead(1, 999)


def test_a_query_holds_what_is_above_the_threshold() -> None:
    """Two queries, two pixels: of one each has 0.5, of one the first more."""
    mask_prob = torch.tensor([[[0.5, 0.5], [0.75, 0.25]]])
    readers = [
        kind(2, (1, 2), 0.5, torch.device('cpu'))
        for kind in (PairReader, MaskReader)
    ]
    for reader in readers:
        reader.read((slice(0, 1), slice(0, 2)), mask_prob)
    pairs, masks = readers
    counts = pairs.pair_counts().view(3, 3)
    assert counts[2, 2] == counts[0, 2] + counts[2, 0] == 1
    assert masks.masks.tolist() == [[[False, True]], [[False, False]]]


@pytest.mark.parametrize('num_queries', [1, 2, 9])
def test_a_cpu_and_another_device_find_the_same_pixels(
    num_queries: int,
) -> None:
    logits = 3 * torch.randn(
        500, num_queries, generator=torch.Generator().manual_seed(0)
    )
    both = []
    for find in (_held_by_search, _held_by_top_two):
        codes, query, prob = find(logits.softmax(-1), 0.35)
        sums = torch.zeros(num_queries + 1).scatter_add(0, query, prob)
        pairs = np.divmod(codes.numpy(), num_queries + 1)
        both.append((np.sort(pairs, axis=0), sums[:-1].numpy()))
    (pairs, sums), (expected_pairs, expected_sums) = both
    np.testing.assert_array_equal(pairs, expected_pairs)
    np.testing.assert_allclose(sums, expected_sums, rtol=1e-5)
    assert (pairs[1] < num_queries).any() == (num_queries > 1)


def test_class_count_that_disagrees_is_an_error() -> None:
    with pytest.raises(ValueError, match='num_things_classes'):
        predict(torch.zeros(2, 9), torch.zeros(2, 8, 8), sample((32, 32)))
