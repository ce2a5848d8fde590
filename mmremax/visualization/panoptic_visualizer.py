"""mmdet's visualizer with this package's drawing of panoptic maps."""

from __future__ import annotations

import numpy as np
from mmdet.registry import VISUALIZERS
from mmdet.structures import DetDataSample
from mmdet.visualization import DetLocalVisualizer, get_palette
from mmengine.structures import PixelData

from .panoptic_drawing import draw_panoptic


@VISUALIZERS.register_module()
class PanopticVisualizer(DetLocalVisualizer):
    """Draws panoptic maps, also those without any segment.

    Segments with a score, as kMaX's have, need `pred_score_thr` to be drawn;
    the others show as void.
    """

    def add_datasample(
        self,
        name: str,
        image: np.ndarray,
        data_sample: DetDataSample | None = None,
        *,
        pred_score_thr: float = 0.3,
        **options: object,
    ) -> None:
        """Draw a sample; see mmdet's `DetLocalVisualizer`."""
        if data_sample is not None and 'pred_panoptic_seg' in data_sample:
            data_sample = data_sample.clone()
            data_sample.pred_panoptic_seg = self._sure_segments(
                data_sample.pred_panoptic_seg, pred_score_thr
            )
        super().add_datasample(
            name, image, data_sample, pred_score_thr=pred_score_thr, **options
        )

    def _sure_segments(
        self, panoptic: PixelData, threshold: float
    ) -> PixelData:
        """Make void of what has too low a score."""
        ids = panoptic.sem_seg.clone()
        for segment in panoptic.get('segments') or ():
            if segment['score'] < threshold:
                ids[ids == segment['id']] = len(self.dataset_meta['classes'])
        return PixelData(sem_seg=ids)

    def _draw_panoptic_seg(
        self,
        image: np.ndarray,
        panoptic_seg: PixelData,
        classes: list[str],
        palette: list | str | None,
    ) -> np.ndarray:
        """Draw a map over an RGB image. (H, W, 3)."""
        ids = np.asarray(panoptic_seg.sem_seg[0])
        colours = get_palette(palette, len(classes))
        return draw_panoptic(image, ids, classes, colours)
