"""Targets from binary masks: a slow oracle, overlaps, padding, nothing."""

import pytest
import torch

from mmremax.kmax.segments import VOID
from mmremax.remax.mask2former_targets import targets_of_masks
from mmremax.utils.point_losses import check_canvas


def random_masks(count, canvas, seed=0):
    generator = torch.Generator().manual_seed(seed)
    masks = torch.rand(count, *canvas, generator=generator) > 0.7
    return masks.long()


def slow_map(labels, masks, size, shape, void_label):
    """Class of each location by loops; the smallest mask wins."""
    locations = torch.full(size, VOID)
    height, width = masks.shape[-2:]

    def pixel(y, x):
        return int((y + 0.5) * height / size[0]), int(
            (x + 0.5) * width / size[1]
        )

    grid = [(y, x) for y in range(size[0]) for x in range(size[1])]
    area = [
        sum(int(mask[pixel(*location)]) for location in grid) for mask in masks
    ]
    for y, x in grid:
        row, column = pixel(y, x)
        if row >= shape[0] or column >= shape[1]:
            continue
        holders = [g for g in range(len(masks)) if masks[g, row, column]]
        if holders:
            locations[y, x] = labels[min(holders, key=lambda g: area[g])]
        elif void_label is not None:
            locations[y, x] = void_label
    return locations


@pytest.mark.parametrize('void_label', [None, 9])
@pytest.mark.parametrize('canvas', [(32, 48), (33, 50)])
def test_equals_a_slow_oracle(void_label, canvas):
    size, shape = (8, 12), (29, 40)
    labels = torch.tensor([3, 1, 4])
    masks = random_masks(3, canvas)
    targets = targets_of_masks([labels], [masks], size, [shape], void_label)
    expected = slow_map(labels, masks, size, shape, void_label)
    assert torch.equal(targets.semantic_map.view(size), expected)
    assert targets.size == size
    assert torch.equal(targets.valid.view(size), expected != VOID)


def test_small_instance_on_a_large_one_stays():
    masks = torch.zeros(2, 16, 16).long()
    masks[0] = 1
    masks[1, 4:8, 4:8] = 1
    for order in ([0, 1], [1, 0]):
        targets = targets_of_masks(
            [torch.tensor([5, 6])[order]], [masks[order]], (4, 4), [(16, 16)]
        )
        found = targets.semantic_map.view(4, 4)
        assert found[1, 1] == 6
        assert (found == 5).sum() == 15


def test_images_without_segments():
    none = torch.zeros(0, 16, 16).long()
    one = torch.ones(1, 16, 16).long()
    no_label, label = torch.zeros(0).long(), torch.tensor([2])
    targets = targets_of_masks(
        [no_label, label], [none, one], (4, 4), [(16, 16)] * 2
    )
    assert (targets.semantic_map[0] == VOID).all()
    assert (targets.semantic_map[1] == 2).all()
    targets = targets_of_masks([no_label], [none], (4, 4), [(16, 16)])
    assert (targets.semantic_map == VOID).all()
    assert targets.inverse_area().shape == (1, 16)
    targets = targets_of_masks([no_label], [none], (4, 4), [(16, 8)], 7)
    found = targets.semantic_map.view(4, 4)
    assert (found[:, :2] == 7).all()
    assert (found[:, 2:] == VOID).all()


def test_masks_of_the_wrong_size():
    meta = dict(batch_input_shape=(32, 32), img_path='a.jpg')
    check_canvas(torch.zeros(0, 32, 32), meta)
    with pytest.raises(ValueError, match=r'a\.jpg.*pad_mask=True'):
        check_canvas(torch.zeros(1, 32, 30), meta)
