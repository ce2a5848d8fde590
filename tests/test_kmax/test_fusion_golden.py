"""Post-processing against the published values."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from mmremax.kmax import fusion as kmax_fusion_head
from mmremax.kmax.mask_resize import crop_shape
from mmremax.kmax.pixel_readers import MaskReader, PairReader
from tests.golden import S, assert_probe, load_case
from tests.helpers.fusion_fixture import (
    assert_same_segments,
    pan_map,
    predict,
    sample,
)

each_data_set = pytest.mark.parametrize(
    'name', ['coco', 'cityscapes', 'ade20k']
)
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


def predict_bumps(name: str | None = None, **test_cfg: object) -> dict:
    """Predict by the published settings of a data set, or by other ones."""
    if name is not None:
        case = load_case(f'inference.panoptic_{name}')
        for key, value in case['expected']['settings'].items():
            test_cfg[GOLDEN_KEYS[key]] = value
    return predict(*bumps(), sample((16, 16)), **test_cfg)


def assert_golden(ours: np.ndarray, expected: dict) -> None:
    labels = {s['id']: s['category_id'] for s in expected['segments_info']}
    assert_same_segments(ours, np.array(expected['panoptic_map']), labels)


@each_data_set
def test_golden_panoptic(name: str) -> None:
    expected = load_case(f'inference.panoptic_{name}')['expected']
    assert_golden(pan_map(predict_bumps(name)), expected)


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
    whole = slice(0, 16), slice(0, 16)
    reader.read(whole, mask_logits.softmax(0).permute(1, 2, 0))
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
        )[0]
        sizes = [((26, 34), (13, 17)), ((35, 23), (17, 11))]
    else:
        mask_logits = mask_logits[:, ::4, ::4]
        sizes = [((24, 32), (12, 16)), ((33, 21), (16, 10))]
    batch = mask_logits.expand(2, -1, -1, -1)
    assert_probe(batch, expected['head_masks'])
    side = int(name[-2:])
    for size, image in zip(sizes, expected['images'], strict=True):
        data_sample = sample(*size, (side, side))
        ours = pan_map(predict(class_logits, mask_logits, data_sample))
        assert list(ours.shape) == image['output_size']
        assert_golden(ours, image)


def test_golden_test_sizes() -> None:
    for row in load_case('inference.test_sizes')['expected']:
        meta = dict(
            ori_shape=tuple(row['original']),
            img_shape=tuple(row['resized']),
            batch_input_shape=tuple(row['pad_to']),
        )
        assert list(crop_shape(meta)) == row['crop_after_upsampling']


@each_data_set
@pytest.mark.parametrize(('thing', 'stuff'), [(0, 0), (30, 60)])
def test_golden_area_limits(name: str, thing: int, stuff: int) -> None:
    case = load_case('inference.tensorflow_post_processor')['expected']
    expected = np.array(
        case[f'{name}_thing_limit_{thing}_stuff_limit_{stuff}']
    )
    limits = dict(min_thing_area=thing, min_stuff_area=stuff)
    ours = pan_map(predict_bumps(name, **limits))
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
