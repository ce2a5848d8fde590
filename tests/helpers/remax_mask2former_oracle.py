"""Losses of ReMaX in Mask2Former by loops, in float64."""

import numpy as np
import torch
from mmcv.ops import point_sample
from mmdet.models.utils import get_uncertain_point_coords_with_randomness

from mmremax.kmax.segments import VOID
from tests.helpers.mask2former_fixture import CANVAS

SIZE = (CANVAS[0] // 4, CANVAS[1] // 4)


def relaxed_masks(head, index, masks, classes, semantic_map, logits):
    """Eq. 1-2 of all queries in float64, void locations as they are."""
    if index not in head.relaxed:
        return masks
    m_sem = torch.nn.functional.interpolate(
        logits, SIZE, mode='bilinear', align_corners=False
    )
    prob, m_sem = classes[:, :, :-1].double().sigmoid(), m_sem.double()
    m_hat = torch.einsum('bqk,bkhw->bqhw', prob, m_sem.sigmoid())
    m_hat *= (semantic_map != VOID)[:, None]
    return (masks.double() * (1 + m_hat)).float()


def oracle(head, outputs, data, semantic_map, logits):
    """All losses of all outputs, matched un-relaxed, by loops in float64."""
    segments = head.preprocess_gt(
        [s.gt_instances for s in data], [s.get('gt_sem_seg') for s in data]
    )
    metas = [s.metainfo for s in data]
    result = []
    for index, (classes, masks) in enumerate(outputs):
        labels, _, targets, weights, _ = super(type(head), head).get_targets(
            list(classes), list(masks), segments, metas
        )
        relaxed = relaxed_masks(
            head, index, masks, classes, semantic_map, logits
        )
        matched = torch.stack(weights) > 0
        chosen = relaxed[matched][:, None]
        points = get_uncertain_point_coords_with_randomness(
            chosen, None, head.num_points, 3.0, 0.75
        )
        truth = torch.cat(targets)[:, None].float()
        t = point_sample(truth, points).squeeze(1).double().numpy()
        x = point_sample(chosen, points).squeeze(1).double().numpy()
        prob = 1 / (1 + np.exp(-x))
        bce = -(t * np.log(prob) + (1 - t) * np.log(1 - prob)).mean(1)
        dice = 1 - (2 * (prob * t).sum(1) + 1) / ((prob + t).sum(1) + 1)
        class_weight = np.array(head.class_weight)
        loss, weight_sum = 0.0, 0.0
        for b in range(len(classes)):
            for q in range(classes.shape[1]):
                label = int(labels[b][q])
                target = np.zeros(head.num_classes + 1)
                if matched[b, q]:
                    cover = masks[b, q].double().sigmoid()
                    for k in range(head.num_classes):
                        own = semantic_map[b] == k
                        if own.any():
                            share = (cover * own).sum() / own.sum()
                            target[k] = head.assigner.eta * share
                target[label] = 1
                log_prob = classes[b, q].double().log_softmax(0).numpy()
                loss -= (class_weight * target * log_prob).sum()
                weight_sum += class_weight[label]
        result.append((2 * loss / weight_sum, 5 * bce.mean(), 5 * dice.mean()))
    return result
