"""mmdet's panoptic detector, with the class counts in one place."""

from __future__ import annotations

from contextlib import nullcontext

from mmdet.models.detectors import BaseDetector, MaskFormer
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from torch import Tensor

from mmremax.utils.init_detector import InitDetectorMixin

from .recompute import recomputing


@MODELS.register_module()
class KMaXDeepLab(InitDetectorMixin, MaskFormer):
    """MaskFormer's detector with a semantic result beside the others.

    The two class counts are handed to both heads, `test_cfg` to the fusion
    head. The backbone has features of strides 4 to 32, on Cityscapes with
    one more in front of them. `recompute` spares memory in training; see
    recomputing().
    """

    def __init__(
        self,
        num_things_classes: int,
        num_stuff_classes: int,
        backbone: dict,
        panoptic_head: dict,
        panoptic_fusion_head: dict,
        test_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        recompute: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        counts = dict(
            num_things_classes=num_things_classes,
            num_stuff_classes=num_stuff_classes,
        )
        # Not MaskFormer's constructor: it hands train_cfg and test_cfg to
        # heads that read neither.
        BaseDetector.__init__(self, data_preprocessor, init_cfg)
        self.backbone = MODELS.build(backbone)
        self.panoptic_head = MODELS.build(dict(panoptic_head, **counts))
        self.panoptic_fusion_head = MODELS.build(
            dict(panoptic_fusion_head, test_cfg=test_cfg, **counts)
        )
        self.num_things_classes = num_things_classes
        self.num_stuff_classes = num_stuff_classes
        self.num_classes = num_things_classes + num_stuff_classes
        self.test_cfg = test_cfg
        self.recompute = recompute

    def loss(
        self, batch_inputs: Tensor, batch_data_samples: SampleList
    ) -> dict[str, Tensor]:
        """Compute all losses of images (B, 3, H, W); see KMaXHead."""
        with recomputing() if self.recompute else nullcontext():
            return super().loss(batch_inputs, batch_data_samples)

    def predict(
        self,
        batch_inputs: Tensor,
        batch_data_samples: SampleList,
        rescale: bool = True,
    ) -> SampleList:
        """Predict, and write the results into the samples.

        Args:
            batch_inputs: Images as KMaXDataPreprocessor makes them.
                (B, 3, H, W).
            batch_data_samples: Samples of the batch.
            rescale: Whether results have the original size of an image.
        """
        results = self.panoptic_fusion_head.predict(
            *self._forward(batch_inputs), batch_data_samples, rescale=rescale
        )
        return self.add_pred_to_datasample(batch_data_samples, results)

    def add_pred_to_datasample(
        self, data_samples: SampleList, results_list: list[dict]
    ) -> SampleList:
        """Write what KMaXFusionHead.predict returned into the samples.

        They get `pred_panoptic_seg`, `pred_instances` and `pred_sem_seg` as
        far as test_cfg asks for them.
        """
        for sample, results in zip(data_samples, results_list, strict=True):
            semantic = results.pop('sem_results', None)
            if semantic is not None:
                sample.pred_sem_seg = semantic
        return super().add_pred_to_datasample(data_samples, results_list)

    def _forward(
        self, batch_inputs: Tensor, batch_data_samples: SampleList = None
    ) -> tuple[Tensor, Tensor]:
        """Return the final class and mask logits; traceable."""
        return self.panoptic_head.predict(self.extract_feat(batch_inputs))
