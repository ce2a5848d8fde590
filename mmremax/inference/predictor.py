"""One call from an image to its segments, with torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from mmcv.transforms import Compose
from mmdet.structures import DetDataSample
from mmdet.utils import get_test_pipeline_cfg
from mmengine.dataset import pseudo_collate
from torch import nn

from mmremax.kmax import KMaXFusionHead
from mmremax_runtime import Evidence, Segmentation, Segmenter

from .pretrained import (
    classes_of,
    find_model,
    load_detector,
    save_folder,
)

PRECISIONS = ('float32', 'bfloat16')


class Predictor(Segmenter):
    """Segments images with a detector.

    See `Segmenter.predict`. The detector and its config are never changed
    by a call.

    Args:
        model: A panoptic detector in evaluation mode, with `cfg` and
            `dataset_meta` as `load_detector` sets them.
        precision: Of the network, `float32` or `bfloat16`; kMaX's merge
            computes in float32. Weights stay as they are. Speed and score:
            docs/performance.md.
        compile: Compile the network, of kMaX-DeepLab or ReMaX: the first
            image of a size takes a minute or two, the others less time.

    Raises:
        ValueError: The precision is neither, or the model is another.

    Attributes:
        fusion: Thresholds of kMaX's merge; None where the model has a merge
            of its own (Mask2Former).
    """

    def __init__(
        self,
        model: nn.Module,
        precision: str = 'float32',
        compile: bool = False,
    ) -> None:
        if precision not in PRECISIONS:
            raise ValueError(
                f'precision={precision!r}: it is one of {PRECISIONS}.'
            )
        self.model = model
        self.precision = precision
        head = model.panoptic_fusion_head
        self.classes = classes_of(model)
        is_kmax = isinstance(head, KMaXFusionHead)
        self.fusion = head.test_cfg if is_kmax else None
        if compile and not is_kmax:
            raise ValueError(
                f'compile=True is for KMaXDeepLab, not {type(model).__name__}.'
            )
        self._forward = model._forward
        if compile:
            self._forward = torch.compile(model._forward)
        load, *steps = get_test_pipeline_cfg(model.cfg)
        self._reads_rgb = load['type'] == 'LoadPanopticImage'
        self._pipeline = Compose(steps)

    @classmethod
    def from_pretrained(
        cls,
        source: str | Path,
        checkpoint: str | Path | None = None,
        device: str | None = None,
        cfg_options: dict | None = None,
        precision: str = 'float32',
        compile: bool = False,
    ) -> Predictor:
        """Load a model.

        Args:
            source: A folder that `save_pretrained` wrote, published weights
                (.safetensors), a checkpoint of a run (.pth, with its
                config), a config with a checkpoint, a name of
                model-index.yml with a checkpoint, or a hub id (`owner/name`)
                where huggingface_hub is installed.
            checkpoint: Weights of the config.
            device: As torch names it; default CUDA where there is one.
            cfg_options: Config keys to change, as {'model.test_cfg.
                thing_threshold': 0.5}; one without effect is an error.
            precision: See `Predictor`.
            compile: See `Predictor`.

        Raises:
            FileNotFoundError: There is no such model.
            RuntimeError: The weights do not fit the config.
            ValueError: The model is not panoptic, its classes have no
                names, or there is no such precision.
        """
        config, weights = find_model(source, checkpoint)
        device = device or ('cuda' if torch.cuda.is_available() else 'cpu')
        model = load_detector(config, weights, device, cfg_options or {})
        return cls(model, precision, compile)

    def save_pretrained(self, folder: str | Path) -> Path:
        """Write the model to a folder, without training-only branches.

        `config.json`, `model.safetensors` in full precision, and README.md,
        a model card to fill in.
        """
        return save_folder(self.model, self.classes, folder)

    def look(self, images: Sequence[np.ndarray]) -> list[Evidence]:
        """Run the network on images of one size, RGB uint8 (H, W, 3).

        Raises:
            TypeError: The model has a merge of its own.
        """
        if self.fusion is None:
            raise TypeError(
                f"{type(self.model).__name__}'s merge takes no evidence."
            )
        logits, samples = self.run_network(images)
        return self.model.panoptic_fusion_head.look(*logits, samples)

    @torch.no_grad()
    def run_network(
        self, images: Sequence[np.ndarray]
    ) -> tuple[tuple[torch.Tensor, ...], list[DetDataSample]]:
        """Make the logits of images of one size, and their metainfo."""
        data = self.model.data_preprocessor(self._pack(images), False)
        with self._autocast():
            return self._forward(data['inputs']), data['data_samples']

    def segment_alike(
        self, images: Sequence[np.ndarray], sources: Sequence[str | None]
    ) -> list[Segmentation]:
        """Segment images of one size as a batch."""
        if self.fusion is not None:
            return super().segment_alike(images, sources)
        with torch.no_grad(), self._autocast():
            samples = self.model.test_step(self._pack(images))
        return [
            self._translate(*result)
            for result in zip(samples, images, sources, strict=True)
        ]

    def _autocast(self) -> torch.autocast:
        kind = next(self.model.parameters()).device.type
        is_half = self.precision == 'bfloat16'
        return torch.autocast(kind, torch.bfloat16, enabled=is_half)

    def _pack(self, images: Sequence[np.ndarray]) -> dict:
        """Make the batch that the config's test pipeline makes of files."""
        packed = []
        for number, image in enumerate(images):
            shape = image.shape[:2]
            results = dict(
                img=np.ascontiguousarray(
                    image if self._reads_rgb else image[..., ::-1]
                ),
                img_id=number,
                img_shape=shape,
                ori_shape=shape,
            )
            packed.append(self._pipeline(results))
        return pseudo_collate(packed)

    def _translate(
        self, sample: DetDataSample, image: np.ndarray, source: str | None
    ) -> Segmentation:
        """Read mmdet's result."""
        panoptic = sample.pred_panoptic_seg
        return Segmentation.from_mmdet(
            panoptic.sem_seg[0].cpu().numpy(),
            panoptic.get('segments'),
            self.classes,
            image,
            source,
        )
