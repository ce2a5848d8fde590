"""Feature maps of any timm model.

Letters: B images, C channels, H W of the stated stride.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import partial

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule, initialize
from torch import Tensor
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

REMEDY = 'Install it with `pip install timm`, as requirements.txt pins it.'


@MODELS.register_module()
class TimmFeatures(BaseModule):
    """A timm model without its classifier, as a backbone.

    Features are those of timm's `features_only`. Models that pad as
    TensorFlow does (`tf_*`) give a side n the ceil(n / stride) positions
    that kMaX-DeepLab's odd crops expect. Files that `init_cfg` names have
    timm's names of parameters.

    Args:
        model_name: Of timm, as 'tf_efficientnet_lite0'.
        strides: Of the features, lowest first.
        last_stride: Cut the model after its features of this stride. Those
            of higher strides are the last ones, max-pooled. None keeps all.
        pretrained: Let timm fetch the weights that it knows.
        frozen_norms: Keep statistics and parameters of BatchNorms as they
            were loaded.
        **options: Of the timm model, as `drop_path_rate=0.1`.

    Attributes:
        feature_channels: Of each feature, for `pixel_decoder.in_channels`.

    Raises:
        ImportError: timm is not installed.
        ValueError: timm has no such model, or it no features of a stride.
    """

    def __init__(
        self,
        model_name: str,
        strides: tuple[int, ...] = (4, 8, 16, 32),
        last_stride: int | None = None,
        pretrained: bool | None = False,
        frozen_norms: bool = False,
        init_cfg: dict | list | None = None,
        **options: object,
    ) -> None:
        super().__init__(init_cfg)
        try:
            import timm  # a second or more, for those who use it
        except ImportError as error:
            raise ImportError(f'TimmFeatures needs timm. {REMEDY}') from error
        if not timm.is_model(model_name):
            near = get_close_matches(model_name, timm.list_models())
            raise ValueError(
                f'TimmFeatures: timm {timm.__version__} has no model '
                f'{model_name!r}. Near: {", ".join(near) or "none"}; all: '
                'timm.list_models().'
            )
        build = partial(
            timm.create_model, model_name, features_only=True, **options
        )
        with torch.device('meta'):  # neither memory nor random numbers
            found = build().feature_info.reduction()
        own = [s for s in strides if last_stride is None or s <= last_stride]
        if missing := sorted({*own, last_stride or own[-1]}.difference(found)):
            raise ValueError(
                f'TimmFeatures: {model_name} has features of the strides '
                f'{found}, not of {missing}.'
            )
        if last_stride is not None:
            build = partial(build, feature_cls='getter')  # leaves the rest out
        self.timm_model = build(
            out_indices=[found.index(stride) for stride in own],
            pretrained=bool(pretrained),
        )
        info = self.timm_model.feature_info
        self.pooling = [s // own[-1] for s in strides[len(own) :]]
        channels = info.channels()
        self.feature_channels = (*channels, *channels[-1:] * len(self.pooling))
        self.frozen_norms = frozen_norms
        layout = getattr(self.timm_model, 'output_fmt', 'NCHW')
        self.channels_last = getattr(layout, 'value', layout) == 'NHWC'

    def init_weights(self) -> None:
        """Load what `init_cfg` names into the timm model."""
        if self.init_cfg:
            timm_model = self.timm_model
            initialize(getattr(timm_model, 'model', timm_model), self.init_cfg)

    def train(self, mode: bool = True) -> TimmFeatures:
        """Switch the mode; frozen norms stay as they are."""
        super().train(mode)
        if self.frozen_norms:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval().requires_grad_(False)
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Extract features of normalised images. (B, C, H, W) each."""
        features = self.timm_model(x)
        if self.channels_last:
            features = [f.permute(0, 3, 1, 2).contiguous() for f in features]
        pooled = [F.max_pool2d(features[-1], 1, k) for k in self.pooling]
        return (*features, *pooled)
