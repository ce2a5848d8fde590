"""Post-processing against the published values and a slow oracle."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmdet.structures import DetDataSample
from torch import Tensor

from mmremax.models.seg_heads import KMaXFusionHead
from mmremax.models.seg_heads.panoptic_fusion_heads import kmax_fusion_head
from mmremax.models.seg_heads.panoptic_fusion_heads.pixel_readers import (
    MaskReader,
    PairReader,
)
from mmremax.models.seg_heads.panoptic_fusion_heads.strip_resize import (
    crop_shape,
    resize_in_strips,
    resize_matrix,
    split_bands,
)
from tests.golden import S, assert_probe, load_case

BUMPS = (
    (6.0, 4.0, 4.0, 3.0, 0, 7.0),
    (6.0, 4.0, 11.0, 3.0, 1, 6.0),
    (5.0, 5.0, 12.0, 3.0, 1, 7.0),
    (3.0, 12.0, 3.0, 9.0, 3, 5.0),
    (3.0, 13.0, 12.0, 9.0, 3, 4.5),
    (7.0, 10.0, 8.0, 1.5, 2, 4.0),
    (-9.0, 8.0, 8.0, 9.0, 4, 9.0),
    (2.5, 0.5, 8.0, 4.0, 5, 3.2),
    (4.0, 8.0, 14.5, 2.0, 6, 9.0),
    (1.0, 8.0, 8.0, 60.0, 4, 3.6),
)
GOLDEN_KEYS = dict(
    pixel_confidence='pixel_threshold',
    class_thing='thing_threshold',
    class_stuff='stuff_threshold',
    overlap='overlap_threshold',
    reorder_class_weight='class_score_power',
    reorder_mask_weight='mask_score_power',
)


def bumps() -> tuple[Tensor, Tensor]:
    """Class logits (10, 7) and mask logits (10, 16, 16) of the fixture."""
    class_logits = S((10, 7), 0.7, 0.1, 0.5)
    y, x = torch.meshgrid(
        *[torch.arange(16, dtype=torch.float64)] * 2, indexing='ij'
    )
    masks = []
    for query, (a, cy, cx, s, c, v) in enumerate(BUMPS):
        masks.append(a - ((y - cy) ** 2 + (x - cx) ** 2) / s)
        class_logits[query, c] += v
    return class_logits, torch.stack(masks)


def sample(
    ori_shape: tuple, img_shape: tuple | None = None, padded=None
) -> DetDataSample:
    img_shape = img_shape or ori_shape
    return DetDataSample(
        metainfo=dict(
            ori_shape=ori_shape,
            img_shape=img_shape,
            batch_input_shape=padded or img_shape,
        )
    )


def predict(
    class_logits: Tensor, mask_logits: Tensor, samples: list, **test_cfg
) -> list[dict]:
    head = KMaXFusionHead(3, 3, test_cfg)
    return head.predict(class_logits, mask_logits, samples)


def predict_bumps(**test_cfg) -> dict:
    class_logits, mask_logits = bumps()
    return predict(
        class_logits[None], mask_logits[None], [sample((16, 16))], **test_cfg
    )[0]


def pan_map(result: dict) -> np.ndarray:
    return result['pan_results'].sem_seg[0].numpy()


def assert_same_segments(
    ours: np.ndarray, expected: np.ndarray, labels: dict[int, int]
) -> None:
    """Compare up to the numbering of the instances.

    Args:
        ours: Ids of the fusion head, 6 is void.
        expected: Other ids.
        labels: Expected id -> class, void left out.
    """
    pairs = set(
        zip(ours.ravel().tolist(), expected.ravel().tolist(), strict=True)
    )
    assert len(pairs) == len(np.unique(ours)) == len(np.unique(expected))
    for our_id, expected_id in pairs:
        assert our_id % 1000 == labels.get(expected_id, 6)


@pytest.mark.parametrize('name', ['coco', 'cityscapes', 'ade20k'])
def test_golden_panoptic(name: str) -> None:
    expected = load_case(f'inference.panoptic_{name}')['expected']
    test_cfg = {
        GOLDEN_KEYS[key]: value for key, value in expected['settings'].items()
    }
    ours = pan_map(predict_bumps(**test_cfg))
    labels = {s['id']: s['category_id'] for s in expected['segments_info']}
    assert_same_segments(ours, np.array(expected['panoptic_map']), labels)


@pytest.mark.parametrize('reader_type', [PairReader, MaskReader])
def test_golden_class_and_mask_scores(reader_type: type) -> None:
    expected = load_case('inference.class_and_mask_scores')['expected']
    class_logits, mask_logits = bumps()
    prob, labels = class_logits.softmax(-1)[:, :-1].max(-1)
    table = expected['class_probability']
    assert labels.tolist() == table['argmax_nonvoid']
    torch.testing.assert_close(
        prob, torch.tensor(table['max_nonvoid'], dtype=prob.dtype)
    )
    reader = reader_type(10, (16, 16), 0.4, mask_logits.device)
    reader.read(slice(0, 16), mask_logits.softmax(0).permute(1, 2, 0))
    if reader_type is PairReader:
        area = torch.from_numpy(
            kmax_fusion_head.PairCanvas(reader.pair_counts().numpy()).area
        )
    else:
        area = reader.masks.sum((1, 2))
    assert area.tolist() == expected['mask_pixels']
    score = reader.prob_sum[:10] / area.clamp(min=1)
    torch.testing.assert_close(
        score, torch.tensor(expected['mask_score'], dtype=score.dtype)
    )
    order = torch.argsort(-prob * score).tolist()
    assert order == expected['order_coco']
    assert torch.argsort(-prob).tolist() == expected['order_cityscapes']


def test_golden_semantic() -> None:
    expected = load_case('inference.semantic')['expected']
    result = predict_bumps(semantic_on=True, panoptic_on=False)
    assert list(result) == ['sem_results']
    sem_seg = result['sem_results'].sem_seg
    assert sem_seg[0].tolist() == expected['argmax_map']
    class_logits, mask_logits = bumps()
    score = torch.einsum(
        'qk,qhw->khw', class_logits.softmax(-1)[:, :-1], mask_logits.softmax(0)
    )
    assert_probe(score, expected['score'])


@pytest.mark.parametrize('panoptic_on', [True, False])
def test_golden_instance(panoptic_on: bool) -> None:
    flag = 'on' if panoptic_on else 'off'
    expected = load_case(f'inference.instance_panoptic_{flag}')['expected']
    instances = predict_bumps(
        instance_on=True, panoptic_on=panoptic_on, max_per_image=10
    )['ins_results']
    instances = instances[instances.scores.argsort(descending=True)]
    np.testing.assert_allclose(
        instances.scores.numpy(), expected['scores'], rtol=1e-6, atol=1e-9
    )
    assert instances.labels.tolist() == expected['classes']
    area = instances.masks.sum((1, 2)).tolist()
    assert area == expected['mask_area']
    y, x = np.nonzero(instances.masks[0].numpy())
    box = [x.min(), y.min(), x.max() + 1, y.max() + 1]
    assert instances.bboxes[0].tolist() == box


@pytest.mark.parametrize('name', ['odd_17', 'even_16'])
def test_golden_forward(name: str) -> None:
    expected = load_case(f'inference.forward_{name}')['expected']
    class_logits, mask_logits = bumps()
    if name == 'odd_17':
        mask_logits = F.interpolate(
            mask_logits[None], size=(5, 5), mode='bilinear', align_corners=True
        )
        samples = [
            sample((26, 34), (13, 17), (17, 17)),
            sample((35, 23), (17, 11), (17, 17)),
        ]
    else:
        mask_logits = mask_logits[None, :, ::4, ::4]
        samples = [
            sample((24, 32), (12, 16), (16, 16)),
            sample((33, 21), (16, 10), (16, 16)),
        ]
    mask_logits = mask_logits.expand(2, -1, -1, -1)
    assert_probe(mask_logits, expected['head_masks'])
    results = predict(class_logits.expand(2, -1, -1), mask_logits, samples)
    for result, image in zip(results, expected['images'], strict=True):
        ours = pan_map(result)
        assert list(ours.shape) == image['output_size']
        labels = {s['id']: s['category_id'] for s in image['segments_info']}
        assert_same_segments(ours, np.array(image['panoptic_map']), labels)


def test_golden_test_sizes() -> None:
    for row in load_case('inference.test_sizes')['expected']:
        meta = dict(
            ori_shape=tuple(row['original']),
            img_shape=tuple(row['resized']),
            batch_input_shape=tuple(row['pad_to']),
        )
        assert list(crop_shape(meta)) == row['crop_after_upsampling']


@pytest.mark.parametrize('name', ['coco', 'cityscapes', 'ade20k'])
@pytest.mark.parametrize(('thing', 'stuff'), [(0, 0), (30, 60)])
def test_golden_area_limits(name: str, thing: int, stuff: int) -> None:
    case = load_case('inference.tensorflow_post_processor')['expected']
    expected = np.array(
        case[f'{name}_thing_limit_{thing}_stuff_limit_{stuff}']
    )
    settings = load_case(f'inference.panoptic_{name}')['expected']['settings']
    test_cfg = {GOLDEN_KEYS[key]: value for key, value in settings.items()}
    ours = pan_map(
        predict_bumps(min_thing_area=thing, min_stuff_area=stuff, **test_cfg)
    )
    labels = {i: i // 256 - 1 for i in np.unique(expected).tolist() if i}
    assert_same_segments(ours, expected, labels)


def test_golden_semantic_by_query() -> None:
    case = load_case('inference.tensorflow_post_processor')['expected']
    result = predict_bumps(
        semantic_on=True, semantic_by_query=True, panoptic_on=False
    )
    expected = np.array(case['semantic_pixelwise_threshold0']) - 1
    sem_seg = result['sem_results'].sem_seg[0].numpy()
    best = bumps()[1].topk(2, dim=0).values
    tie = (best[0] - best[1] < 1e-9).numpy()
    assert tie.sum() == 2  # equal logits: either class is right
    assert (sem_seg[~tie] == expected[~tie]).all()


def full_resolution_logits(
    mask_logits: Tensor, meta: dict, rescale: bool = True
) -> Tensor:
    """Resize, crop and resize as published: (Q, h, w) -> (Q, H, W)."""
    padded = meta['batch_input_shape']
    align_corners = padded[1] % 2 == 1
    kwargs = dict(mode='bilinear', align_corners=align_corners)
    crop = crop_shape(meta)
    logits = F.interpolate(mask_logits[None], size=padded, **kwargs)
    logits = logits[..., : crop[0], : crop[1]]
    if rescale:
        logits = F.interpolate(logits, size=meta['ori_shape'], **kwargs)
    return logits[0]


def oracle_merge(
    class_logits: Tensor, mask_logits: Tensor, num_things: int, cfg: dict
) -> tuple[np.ndarray, dict[int, int]]:
    """Merge at full resolution as published, query by query.

    Returns:
        Ids, 0 is void, and id -> class.
    """
    prob, label = class_logits.softmax(-1)[:, :-1].max(-1)
    pi = mask_logits.softmax(0)
    binary = pi > cfg['pixel_threshold']
    scores = []
    for n in range(len(pi)):
        mu = pi[n][binary[n]].mean().item() if binary[n].any() else 0.0
        scores.append(
            prob[n].item() ** cfg['class_score_power']
            * mu ** cfg['mask_score_power']
        )
    canvas = torch.zeros(pi.shape[1:], dtype=torch.long)
    labels, stuff = {}, {}
    for n in sorted(range(len(pi)), key=lambda n: -scores[n]):
        c = label[n].item()
        is_thing = c < num_things
        key = 'thing_threshold' if is_thing else 'stuff_threshold'
        free = binary[n] & (canvas == 0)
        if not prob[n].item() > cfg[key]:
            continue
        if not free.sum() > cfg['overlap_threshold'] * binary[n].sum():
            continue
        if not is_thing and c in stuff:
            canvas[free] = stuff[c]
            continue
        labels[len(labels) + 1] = c
        canvas[free] = len(labels)
        if not is_thing:
            stuff[c] = len(labels)
    # Area limits of the TensorFlow code, after merging.
    for i, c in list(labels.items()):
        limit = cfg['min_thing_area' if c < num_things else 'min_stuff_area']
        if (canvas == i).sum() < limit:
            canvas[canvas == i] = 0
            del labels[i]
    return canvas.numpy(), labels


def random_case(
    seed: int, num_queries: int = 12, shape: tuple = (9, 9)
) -> tuple[Tensor, Tensor]:
    """Smooth masks that overlap, classes mostly sure. float64."""
    generator = torch.Generator().manual_seed(seed)
    kwargs = dict(generator=generator, dtype=torch.float64)
    coarse = 4 * torch.randn(1, num_queries, 3, 3, **kwargs)
    mask_logits = F.interpolate(
        coarse, size=shape, mode='bicubic', align_corners=True
    )[0]
    mask_logits[1::2] = mask_logits[::2] - 0.5  # near duplicates: overlap
    mask_logits += 0.3 * torch.randn(mask_logits.shape, **kwargs)
    class_logits = 2 * torch.randn(num_queries, 7, **kwargs)
    class_logits[:, :6] += 1
    return class_logits, mask_logits


DEFAULTS = dict(
    pixel_threshold=0.4,
    thing_threshold=0.5,
    stuff_threshold=0.4,
    overlap_threshold=0.8,
    class_score_power=1.0,
    mask_score_power=1.0,
    min_thing_area=0,
    min_stuff_area=0,
)
SIZES = [  # ori_shape, img_shape, padded, logits
    ((26, 34), (26, 33), (33, 33), (9, 9)),
    ((35, 23), (32, 21), (32, 32), (8, 8)),
    ((64, 128), (65, 129), (65, 129), (17, 33)),  # crop differs from image
    ((20, 20), (17, 17), (33, 49), (9, 13)),  # image does not fill the input
    ((7, 90), (33, 33), (33, 33), (9, 9)),  # aspect not kept
    ((1, 40), (1, 33), (33, 33), (9, 9)),  # one row
]


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize(
    'change',
    [
        {},
        dict(mask_score_power=0.0, overlap_threshold=0.9),
        dict(class_score_power=0.0, overlap_threshold=0.0),
        dict(pixel_threshold=0.5),
        dict(pixel_threshold=0.34, overlap_threshold=0.3),
        dict(pixel_threshold=0.2, overlap_threshold=0.5),
        dict(pixel_threshold=0.0, overlap_threshold=0.1),
        dict(thing_threshold=1.0, stuff_threshold=1.0),
        dict(thing_threshold=0.0, stuff_threshold=0.0),
    ],
    ids=str,
)
def test_panoptic_equals_oracle(
    size: tuple, change: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kmax_fusion_head, 'STRIP_NUMEL', dict(cpu=3000))
    monkeypatch.setattr(kmax_fusion_head, 'COLUMN_BLOCK', 10)
    ori_shape, img_shape, padded, shape = size
    cfg = DEFAULTS | change
    data_sample = sample(ori_shape, img_shape, padded)
    for seed in range(4):
        class_logits, mask_logits = random_case(seed, shape=shape)
        result = predict(
            class_logits[None], mask_logits[None], [data_sample], **cfg
        )
        expected, labels = oracle_merge(
            class_logits,
            full_resolution_logits(mask_logits, data_sample.metainfo),
            3,
            cfg,
        )
        assert_same_segments(pan_map(result[0]), expected, labels)


@pytest.mark.parametrize('threshold', [0.34, 0.4, 0.5, 0.7])
def test_counts_and_masks_merge_alike(
    threshold: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    metas = [sample((60, 90), (86, 129), (129, 129))]
    cfg = DEFAULTS | dict(pixel_threshold=threshold)
    cases = [random_case(seed, 32, (33, 33)) for seed in range(4)]
    by_counts = [predict(c[None], m[None], metas, **cfg) for c, m in cases]
    monkeypatch.setattr(kmax_fusion_head, 'PAIR_THRESHOLD', 1.0)
    by_masks = [predict(c[None], m[None], metas, **cfg) for c, m in cases]
    for counts, masks in zip(by_counts, by_masks, strict=True):
        np.testing.assert_array_equal(pan_map(counts[0]), pan_map(masks[0]))


def test_area_limits_equal_oracle() -> None:
    """Limits count pixels of the network input: here twice the output."""
    meta = sample((24, 32), (48, 64), (64, 64))
    dropped = 0
    for seed in range(6):
        class_logits, mask_logits = random_case(seed, shape=(16, 16))
        logits = full_resolution_logits(mask_logits, meta.metainfo)
        limits = dict(min_thing_area=40, min_stuff_area=60)
        expected, labels = oracle_merge(
            class_logits, logits, 3, DEFAULTS | limits
        )
        every = oracle_merge(class_logits, logits, 3, DEFAULTS)[1]
        dropped += len(every) - len(labels)
        limits = {key: 4 * value for key, value in limits.items()}
        result = predict(
            class_logits[None],
            mask_logits[None],
            [meta],
            **DEFAULTS | limits,
        )
        assert_same_segments(pan_map(result[0]), expected, labels)
    assert dropped > 0


@pytest.mark.parametrize('rescale', [True, False])
def test_semantic_and_instances_equal_oracle(rescale: bool) -> None:
    meta = sample((26, 34), (26, 33), (33, 33))
    class_logits, mask_logits = random_case(0)
    head = KMaXFusionHead(
        3,
        3,
        dict(
            panoptic_on=False,
            semantic_on=True,
            instance_on=True,
            max_per_image=20,
        ),
    )
    result = head.predict(
        class_logits[None], mask_logits[None], [meta], rescale
    )[0]
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
    meta = sample((26, 34), (26, 33), (33, 33))
    class_logits, mask_logits = random_case(3)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    once = predict(class_logits[None], mask_logits[None], [meta])
    again = predict(
        class_logits[order][None], mask_logits[:, :][order][None], [meta]
    )
    np.testing.assert_array_equal(pan_map(once[0]), pan_map(again[0]))


def test_batch_equals_singles_and_strips_do_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    metas = [sample((26, 34), (26, 33), (33, 33)), sample((33, 20))]
    metas[1].set_metainfo(dict(batch_input_shape=(33, 33)))
    class_logits, mask_logits = map(
        torch.stack, zip(random_case(1), random_case(2), strict=True)
    )
    together = predict(class_logits, mask_logits, metas)
    monkeypatch.setattr(kmax_fusion_head, 'STRIP_NUMEL', dict(cpu=1))
    for i, meta in enumerate(metas):
        single = predict(
            class_logits[i : i + 1], mask_logits[i : i + 1], [meta]
        )
        np.testing.assert_array_equal(pan_map(together[i]), pan_map(single[0]))


@pytest.mark.parametrize('num_queries', [1, 2])
def test_few_queries_and_no_segment(num_queries: int) -> None:
    """One query holds every pixel; a query without a class holds none."""
    mask_logits = torch.zeros(1, num_queries, 8, 8)
    mask_logits[:, 0] += 1
    class_logits = torch.full((1, num_queries, 7), -9.0)
    class_logits[:, 0, 1] = 9
    metas = [sample((32, 32))]
    result = predict(class_logits, mask_logits, metas)[0]
    assert (pan_map(result) == 1001).all()
    class_logits[:, 0, 6] = 20
    result = predict(class_logits, mask_logits, metas)[0]
    assert (pan_map(result) == 6).all()
    assert result['pan_results'].sem_seg.dtype == torch.int32
    assert result['pan_results'].sem_seg.shape == (1, 32, 32)


def test_instances_without_mask_have_empty_boxes() -> None:
    mask_logits = torch.zeros(1, 12, 8, 8)  # no query exceeds 0.4
    class_logits = torch.zeros(1, 12, 7)
    result = predict(
        class_logits, mask_logits, [sample((32, 32))], instance_on=True
    )[0]
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
    meta = sample((427, 640), (855, 1281), (1281, 1281)).metainfo
    expected = full_resolution_logits(mask_logits, meta)
    device = mask_logits.device
    rows = split_bands(resize_matrix(321, 1281, 855, 427, True), 16, device)
    cols = split_bands(resize_matrix(321, 1281, 1281, 640, True), 64, device)
    assert max(row.source.stop - row.source.start for row in rows) <= 11
    ours = torch.cat([s for _, s in resize_in_strips(mask_logits, rows, cols)])
    torch.testing.assert_close(
        ours.permute(2, 0, 1), expected, atol=1e-5, rtol=0
    )


def test_float32_path_differs_only_at_the_threshold() -> None:
    meta = sample((60, 90), (86, 129), (129, 129))
    class_logits, mask_logits = random_case(7, 32, (33, 33))
    double = predict(class_logits[None], mask_logits[None], [meta])
    single = predict(
        class_logits[None].float(), mask_logits[None].float(), [meta]
    )
    differs = pan_map(double[0]) != pan_map(single[0])
    pi = full_resolution_logits(mask_logits, meta.metainfo).softmax(0)
    near = ((pi - 0.4).abs() < 1e-4).any(0).numpy()
    assert not (differs & ~near).any()
    assert differs.mean() < 1e-3


@pytest.mark.slow
def test_published_size_equals_oracle() -> None:
    """1281 -> 427 x 640, 128 queries, float32."""
    meta = sample((427, 640), (855, 1281), (1281, 1281))
    class_logits, mask_logits = random_case(0, 128, (12, 12))
    mask_logits = F.interpolate(
        mask_logits[None].float(), size=(321, 321), mode='bicubic'
    )[0]
    head = KMaXFusionHead(3, 3, dict(DEFAULTS))
    ours = head.predict(class_logits[None].float(), mask_logits[None], [meta])
    logits = full_resolution_logits(mask_logits, meta.metainfo)
    expected, labels = oracle_merge(class_logits, logits, 3, DEFAULTS)
    pi = logits.softmax(0)
    expected[((pi - 0.4).abs() < 1e-4).any(0)] = -1
    ids = pan_map(ours[0])
    for segment_id, label in labels.items():
        values = np.unique(ids[expected == segment_id])
        assert len(values) == 1
        assert values[0] % 1000 == label
    assert (ids[expected == 0] == 6).all()
    assert (expected == -1).mean() < 1e-3


def test_autocast_changes_nothing() -> None:
    meta = sample((60, 90), (86, 129), (129, 129))
    class_logits, mask_logits = (x[None].float() for x in random_case(7))
    plain = predict(class_logits, mask_logits, [meta], semantic_on=True)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        cast = predict(class_logits, mask_logits, [meta], semantic_on=True)
    for key in plain[0]:
        assert torch.equal(plain[0][key].sem_seg, cast[0][key].sem_seg)


def test_bfloat16_logits_are_read() -> None:
    class_logits, mask_logits = (x[None].bfloat16() for x in random_case(7))
    result = predict(class_logits, mask_logits, [sample((33, 33))])
    assert (pan_map(result[0]) != 6).any()


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
    rows = [
        kmax_fusion_head.Band(slice(0, 9), slice(0, 9), torch.eye(9).double())
    ]
    monkeypatch.setattr(
        KMaXFusionHead, '_bands', staticmethod(lambda *_: (rows, rows))
    )
    class_logits, mask_logits = random_case(0)
    predict(class_logits[None], mask_logits[None], [sample((9, 9))])
    assert copies == [1]


def test_unknown_test_cfg_key_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"\['pixel_treshold'\]"):
        KMaXFusionHead(3, 3, dict(pixel_treshold=0.4))


def test_threshold_out_of_range_is_an_error() -> None:
    with pytest.raises(ValueError, match='pixel_threshold'):
        KMaXFusionHead(3, 3, dict(pixel_threshold=1.5))


def test_class_count_that_disagrees_is_an_error() -> None:
    with pytest.raises(ValueError, match='num_things_classes'):
        predict(
            torch.zeros(1, 2, 9), torch.zeros(1, 2, 8, 8), [sample((32, 32))]
        )


@pytest.mark.gpu
def test_cuda_equals_cpu() -> None:
    meta = sample((60, 90), (86, 129), (129, 129))
    class_logits, mask_logits = (x[None] for x in random_case(7, 32, (33, 33)))
    flags = dict(semantic_on=True, instance_on=True)
    cpu = predict(class_logits, mask_logits, [meta], **flags)[0]
    cuda = predict(class_logits.cuda(), mask_logits.cuda(), [meta], **flags)[0]
    for key in ('pan_results', 'sem_results'):
        assert torch.equal(cpu[key].sem_seg, cuda[key].sem_seg.cpu())
    assert torch.equal(
        cpu['ins_results'].masks, cuda['ins_results'].masks.cpu()
    )
