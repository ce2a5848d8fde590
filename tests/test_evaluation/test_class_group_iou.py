"""The mean IoU of groups of classes, by hand."""

import pytest
import torch

from mmremax.evaluation import ClassGroupIoUMetric


def metric(**groups: tuple[str, ...]) -> ClassGroupIoUMetric:
    made = ClassGroupIoUMetric(groups=groups)
    made.dataset_meta = dict(classes=('sky', 'pole', 'sign', 'car'))
    return made


def sample(predicted: list[int], true: list[int]) -> dict:
    return dict(
        pred_sem_seg=dict(data=torch.tensor([[predicted]])),
        gt_sem_seg=dict(data=torch.tensor([[true]])),
    )


def test_iou_of_a_group_over_two_images():
    made = metric(rare=('pole', 'sign', 'car'), common=('sky',))
    made.process({}, [sample([0, 0, 1, 2], [0, 1, 1, 255])])
    made.process({}, [sample([1, 0, 0, 2], [1, 0, 2, 2])])
    scores = made.evaluate(2)
    # sky 2 / 4; pole 2 / 3; sign 1 / 2; car occurs nowhere.
    assert scores['mIoU_common'] == pytest.approx(50)
    assert scores['mIoU_rare'] == pytest.approx(100 * (2 / 3 + 1 / 2) / 2)
    assert scores['mIoU'] == pytest.approx(100 * (1 + 2 / 3) / 3, abs=0.01)


def test_refuses_a_class_that_the_data_lacks():
    made = metric(rare=('pole', 'fence'))
    made.process({}, [sample([0], [0])])
    with pytest.raises(ValueError, match=r"groups\['rare'\].*fence, but sky"):
        made.evaluate(1)
