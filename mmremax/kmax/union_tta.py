"""Test-time augmentation: the union of what several views show."""

from __future__ import annotations

import numpy as np
import torch
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmengine.model import BaseTTAModel
from mmengine.structures import PixelData

from mmremax_runtime.merge import MergedSegment, panoptic_ids

Found = tuple[dict, np.ndarray]
"""A segment of a view as KMaXFusionHead lists it, and its pixels, flat."""


@MODELS.register_module()
class UnionTTAModel(BaseTTAModel):
    """Merges the segments of all views by the rule that merges queries.

    Views cannot be averaged: query 7 of one is not query 7 of another. Here
    things write by descending score, each if more than `overlap_threshold`
    of it is free: what one view misses another may show, and what both show
    is written once. Stuff then takes what is free, that of the first view
    first: by score a less suited view would overrule it. What no view calls
    anything stays void. Of one view it makes the same map.

    The samples keep the panoptic result alone.

    Args:
        module: A detector with KMaXFusionHead, whose thresholds hold.
    """

    def merge_preds(self, data_samples_list: list[SampleList]) -> SampleList:
        """Merge the views of each image, a list of predicted samples."""
        return [self._merge(views) for views in data_samples_list]

    def _merge(self, views: SampleList) -> SampleList:
        fusion = self.module.panoptic_fusion_head
        num_things = fusion.num_things_classes
        shape = views[0].pred_panoptic_seg.sem_seg.shape
        found = [item for view in views for item in segments_of(view)]
        # Stuff after all things, in the order of the views.
        found.sort(
            key=lambda item: (
                -item[0]['score'] if item[0]['label'] < num_things else 1
            )
        )

        segments: list[MergedSegment] = []
        place = np.full(shape, -1, np.int32).ravel()  # in segments
        stuff: dict[int, int] = {}
        for segment, pixels in found:
            label = segment['label']
            is_thing = label < num_things
            free = pixels[place[pixels] < 0]
            part = fusion.test_cfg.overlap_threshold if is_thing else 0
            if not len(free) > part * len(pixels):
                continue
            if label not in stuff:
                segments.append(MergedSegment(label, [], 0, segment['score']))
            index = stuff.get(label, len(segments) - 1)
            if not is_thing:
                stuff[label] = index
            segments[index].area += len(free)
            place[free] = index

        ids = panoptic_ids(segments, num_things)
        sem_seg = np.array([*ids, fusion.num_classes], np.int32)[place]
        sample = views[0].new(data={})
        table = [
            dict(id=i, label=s.label, score=s.score, area=s.area)
            for i, s in zip(ids, segments, strict=True)
        ]
        sample.pred_panoptic_seg = PixelData(
            metainfo=dict(segments=table),
            sem_seg=torch.from_numpy(sem_seg.reshape(shape)),
        )
        return sample


def segments_of(view) -> list[Found]:
    """List the segments of a view, turned back if it was flipped."""
    result = view.pred_panoptic_seg
    ids = result.sem_seg
    if view.metainfo.get('flip', False):
        ids = ids.flip(-1)
    ids = ids.cpu().numpy().ravel()
    order = ids.argsort(kind='stable')
    values, starts = np.unique(ids[order], return_index=True)
    pixels = np.split(order, starts[1:])
    of_id = dict(zip(values.tolist(), pixels, strict=True))
    return [(s, of_id[s['id']]) for s in result.metainfo['segments']]
