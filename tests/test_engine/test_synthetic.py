import torch
from torch import nn

from mmremax.engine.synthetic import (
    DrawnLogits,
    drawn_batch,
)


def test_training_batch_follows_the_data_contract():
    batch = drawn_batch(2, (65, 97), 12, (3, 4), (1, 1), is_test=False)
    for image, sample in zip(
        batch['inputs'], batch['data_samples'], strict=True
    ):
        assert image.shape == (3, 65, 97)
        assert image.dtype == torch.uint8
        labels = sample.gt_segments.labels
        assert len(labels) == 12
        stuff = labels[labels >= 3]
        assert len(stuff) == len(set(stuff.tolist())) == 4
        segment_map = sample.gt_segment_map.data
        assert segment_map.shape == (1, 17, 25)
        assert segment_map.dtype == torch.int16
        assert 0 <= segment_map.min() <= segment_map.max() < 12


def test_test_batch_keeps_the_aspect():
    batch = drawn_batch(1, (129, 129), 5, (3, 4), (60, 120), is_test=True)
    assert batch['inputs'][0].shape == (3, 64, 129)
    assert batch['data_samples'][0].ori_shape == (60, 120)


def test_drawn_logits_are_confident_about_each_segment():
    model = nn.Module()
    model.panoptic_head = nn.Module()
    model.panoptic_head.num_things_classes = 3
    model.panoptic_head.num_stuff_classes = 4
    edit = DrawnLogits(model, 5)
    shapes = torch.rand(2, 8, 8), torch.rand(2, 8, 16, 16)
    class_logits, mask_logits = edit(*shapes)
    assert class_logits.shape == (2, 8, 8)
    is_no_object = class_logits.argmax(-1) == 7
    assert is_no_object.tolist() == [[False] * 5 + [True] * 3] * 2
    assert sorted(mask_logits[0].argmax(0).unique().tolist()) == [*range(5)]
    assert edit(*shapes)[1] is mask_logits


def test_labels_follow_their_stride() -> None:
    batch = drawn_batch(
        1, (65, 97), 12, (3, 4), (1, 1), is_test=False, label_stride=2
    )
    grid = batch['data_samples'][0].gt_segment_map.data
    assert grid.shape == (1, 33, 49)
