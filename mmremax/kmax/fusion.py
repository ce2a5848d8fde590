"""Turns the final logits into panoptic, semantic and instance results.

One pass over the pixels, tile by tile: resize, softmax over queries,
and a few readers that keep what the results need. Then the merge runs on
the host on a small table, so an image costs one device-to-host copy.

Letters: B images, Q queries, K real classes, h w stride 4, H W output (see
docs/notation.md).
"""

from __future__ import annotations

import numpy as np
import torch
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.structures.mask import mask2bbox
from mmengine.model import BaseModule
from mmengine.structures import InstanceData, PixelData
from torch import Tensor

from mmremax_runtime import Evidence
from mmremax_runtime.merge import (
    INSTANCE_OFFSET,
    FusionConfig,
    PairCanvas,
    ids_of_queries,
    large_segments,
    merge_queries,
    panoptic_ids,
)

from .mask_resize import bands_of_image, crop_shape, resize_in_tiles
from .pixel_readers import MaskReader, PairReader, SemanticReader


@MODELS.register_module()
class KMaXFusionHead(BaseModule):
    """Post-processing of kMaX-DeepLab; has no parameters.

    Things have the first class ids. `test_cfg` holds keys of `FusionConfig`.
    """

    def __init__(
        self,
        num_things_classes: int,
        num_stuff_classes: int,
        test_cfg: dict | None = None,
    ) -> None:
        super().__init__()
        self.num_things_classes = num_things_classes
        self.num_stuff_classes = num_stuff_classes
        self.num_classes = num_things_classes + num_stuff_classes
        if self.num_classes >= INSTANCE_OFFSET:
            raise ValueError(
                f"{self.num_classes} classes do not fit below mmdet's "
                f'INSTANCE_OFFSET, {INSTANCE_OFFSET}'
            )
        self.test_cfg = FusionConfig.from_test_cfg(test_cfg)

    @torch.no_grad()
    def predict(
        self,
        class_logits: Tensor,
        mask_logits: Tensor,
        batch_data_samples: SampleList,
        rescale: bool = True,
    ) -> list[dict]:
        """Make the results that `test_cfg` switches on.

        Computed in float32 (float64 if the logits are), also under autocast.

        Args:
            class_logits: Logits, no_object last. (B, Q, K + 1).
            mask_logits: Logits, competing over the queries. (B, Q, h, w).
            batch_data_samples: Metainfo `ori_shape`, `img_shape` and
                `batch_input_shape` is read.
            rescale: Results at `ori_shape` (as published); otherwise at the
                size of the image in the network input.

        Returns:
            One dict per image with any of
            - `pan_results`: PixelData, `sem_seg` (1, H, W) int32. Stuff is
              its class id, a thing class + INSTANCE_OFFSET * instance with
              instance from 1, void is K. Its metainfo `segments` has a dict
              for each id: `id`, `label`, `score`, `area` (pixels).
            - `sem_results`: PixelData, `sem_seg` (1, H, W) int64, class ids.
            - `ins_results`: InstanceData: labels, scores in [0, 1], masks
              (bool), bboxes (x1, y1, x2, y2 around the masks).
        """
        if class_logits.shape[-1] != self.num_classes + 1:
            raise ValueError(
                f'class_logits has {class_logits.shape[-1]} classes, but '
                f'num_things_classes + num_stuff_classes + no_object is '
                f'{self.num_classes + 1}'
            )
        if class_logits.dtype != torch.float64:
            class_logits = class_logits.float()
        with torch.autocast(class_logits.device.type, enabled=False):
            return [
                self._predict_single(
                    logits, masks.to(logits.dtype), sample.metainfo, rescale
                )
                for logits, masks, sample in zip(
                    class_logits,
                    mask_logits,
                    batch_data_samples,
                    strict=True,
                )
            ]

    @torch.no_grad()
    def look(
        self,
        class_logits: Tensor,
        mask_logits: Tensor,
        batch_data_samples: SampleList,
    ) -> list[Evidence]:
        """Reduce the logits to what a merge needs, at `ori_shape`.

        `Evidence.merge` makes of it, on the host, the segments that
        `predict` makes. Arguments as there.
        """
        found = []
        with torch.autocast(class_logits.device.type, enabled=False):
            for logits, masks, sample in zip(
                class_logits, mask_logits, batch_data_samples, strict=True
            ):
                meta = sample.metainfo
                crop, size = crop_shape(meta), meta['ori_shape'][:2]
                reader = PairReader(*self._pixels(masks, size))
                self._read(masks.float(), meta, True, [reader])
                found.append(
                    Evidence(
                        class_prob=_on_host(logits.float().softmax(-1))[
                            :, :-1
                        ],
                        codes=_on_host(reader.codes),
                        prob_sum=_on_host(reader.prob_sum)[:-1],
                        scale=(crop[0] * crop[1]) / (size[0] * size[1]),
                    )
                )
        return found

    def _predict_single(
        self,
        class_logits: Tensor,
        mask_logits: Tensor,
        meta: dict,
        rescale: bool,
    ) -> dict:
        """Make the results of one image. (Q, K + 1), (Q, h, w)."""
        cfg = self.test_cfg
        crop = crop_shape(meta)
        size = tuple(meta['ori_shape'][:2]) if rescale else crop
        class_prob = class_logits.softmax(-1)[:, :-1]  # (Q, K)

        pixels = self._pixels(mask_logits, size)
        readers = {}
        if cfg.panoptic_on:
            readers['pair'] = PairReader(*pixels)
        if cfg.instance_on:
            readers['mask'] = MaskReader(*pixels)
        if cfg.semantic_on:
            readers['semantic'] = SemanticReader(
                class_prob, size, cfg.semantic_by_query
            )
        self._read(mask_logits, meta, rescale, list(readers.values()))

        results = {}
        if cfg.panoptic_on:
            scale = (crop[0] * crop[1]) / (size[0] * size[1])
            results['pan_results'] = self._panoptic(
                readers['pair'], class_prob, scale
            )
        if cfg.semantic_on:
            labels = readers['semantic'].labels
            results['sem_results'] = PixelData(sem_seg=labels[None])
        if cfg.instance_on:
            results['ins_results'] = self._instances(
                readers['mask'], class_prob
            )
        return results

    def _pixels(self, mask_logits: Tensor, size: tuple[int, int]) -> tuple:
        """Give what a reader of masks of (Q, h, w) is made of."""
        threshold = self.test_cfg.pixel_threshold
        return len(mask_logits), size, threshold, mask_logits.device

    def _read(
        self, mask_logits: Tensor, meta: dict, rescale: bool, readers: list
    ) -> None:
        """Show the mask probabilities to the readers, tile by tile."""
        rows, cols = bands_of_image(mask_logits, meta, rescale)
        for tile, logits in resize_in_tiles(mask_logits, rows, cols):
            mask_prob = logits.softmax(-1)  # (rows, cols, Q)
            for reader in readers:
                reader.read(tile, mask_prob)

    def _panoptic(
        self, reader: PairReader, class_prob: Tensor, scale: float
    ) -> PixelData:
        """Merge what the reader saw into one id per pixel, as in `predict`.

        `scale` is the pixels of the resized network input per output pixel.
        """
        num_queries = len(class_prob)
        confidence, labels = class_prob.max(-1)
        columns = [
            confidence,
            labels,
            reader.prob_sum[:num_queries],
            reader.pair_counts(),
        ]
        table = torch.cat([column.double() for column in columns])
        table = table.cpu().numpy()  # the copy that waits for the device
        queries, counts = np.split(table, [3 * num_queries])
        confidence, labels, prob_sum = queries.reshape(3, num_queries)
        canvas = PairCanvas(counts)

        cfg, void = self.test_cfg, self.num_classes
        num_things = self.num_things_classes
        segments = merge_queries(
            canvas, confidence, labels, prob_sum, num_things, cfg
        )
        min_areas = (cfg.min_thing_area / scale, cfg.min_stuff_area / scale)
        segments = large_segments(segments, num_things, min_areas)
        ids = panoptic_ids(segments, num_things)
        of_query = ids_of_queries(segments, ids, num_queries, void)
        lookup = canvas.value_of_code(of_query, void).astype(np.int32)
        lookup = torch.from_numpy(lookup).to(class_prob.device)
        table = [
            dict(id=i, label=s.label, score=s.score, area=s.area)
            for i, s in zip(ids, segments, strict=True)
        ]
        return PixelData(
            metainfo=dict(segments=table),
            sem_seg=lookup[reader.codes.long()][None],
        )

    def _instances(
        self, reader: MaskReader, class_prob: Tensor
    ) -> InstanceData:
        """Take the best (query, class) pairs by descending class probability.

        Things only where there is a panoptic result too.
        """
        prob, pair = class_prob.flatten().topk(
            min(self.test_cfg.max_per_image, class_prob.numel())
        )
        query, labels = pair // self.num_classes, pair % self.num_classes
        if self.test_cfg.panoptic_on:
            keep = labels < self.num_things_classes
            prob, query, labels = prob[keep], query[keep], labels[keep]
        masks = reader.masks[query]
        mask_prob = reader.prob_sum[query] / (masks.sum((1, 2)) + 1e-6)
        return InstanceData(
            labels=labels,
            scores=(prob * mask_prob).to(prob.dtype),
            masks=masks,
            bboxes=mask2bbox(masks),
        )


def _on_host(values: Tensor) -> np.ndarray:
    return values.cpu().numpy()
