"""mmdet's visualizer draws our maps, as `draw_panoptic` does."""

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import PixelData
from PIL import Image

from mmremax.visualization import PanopticVisualizer, draw_panoptic

CLASSES = ('cat', 'sky')
PALETTE = [(250, 0, 0), (0, 0, 250)]
IDS = np.full((20, 30), 2)  # void
IDS[:10] = 1
IDS[12:, :9] = 1000
SEGMENTS = [dict(id=1, label=1, score=0.9), dict(id=1000, label=0, score=0.4)]


@pytest.fixture
def draw(tmp_path):
    visualizer = PanopticVisualizer()
    visualizer.dataset_meta = dict(classes=CLASSES, palette=PALETTE)
    image = np.full((20, 30, 3), 90, np.uint8)

    def drawn(ids, segments, threshold):
        sem_seg = torch.from_numpy(ids)[None]
        panoptic = PixelData(metainfo=dict(segments=segments), sem_seg=sem_seg)
        visualizer.add_datasample(
            'name',
            image,
            DetDataSample(pred_panoptic_seg=panoptic),
            draw_gt=False,
            pred_score_thr=threshold,
            out_file=str(tmp_path / 'drawn.png'),
        )
        assert (panoptic.sem_seg[0].numpy() == ids).all()
        return np.asarray(Image.open(tmp_path / 'drawn.png'))

    return image, drawn


@pytest.mark.parametrize(
    ('threshold', 'hidden'), [(0.3, ()), (0.5, (1000,)), (1, (1, 1000))]
)
def test_segments_need_their_score(draw, threshold, hidden):
    image, drawn = draw
    ids = np.where(np.isin(IDS, hidden), 2, IDS)
    expected = draw_panoptic(image, ids, CLASSES, PALETTE)
    assert (drawn(IDS, SEGMENTS, threshold) == expected).all()


def test_segments_without_scores_are_all_drawn(draw):
    image, drawn = draw
    expected = draw_panoptic(image, IDS, CLASSES, PALETTE)
    assert (drawn(IDS, None, 1) == expected).all()
