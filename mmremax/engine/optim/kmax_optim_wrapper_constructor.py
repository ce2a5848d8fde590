"""Parameter groups of kMaX-DeepLab."""

from __future__ import annotations

from mmengine.optim import DefaultOptimWrapperConstructor
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn

_KEYS = ('lr_mult', 'no_decay')


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class KMaXOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """Two rules that combine: where a parameter is, and what it is.

    mmengine's own constructor lets a custom key (the backbone's learning
    rate) switch its norm and bias rules off, and makes a group of every
    parameter; here both rules hold and few groups result, which fused and
    foreach optimizers need to be fast. Keys of `paramwise_cfg`:

    - `lr_mult`: factor of the learning rate by prefix of the name, such as
      `dict(backbone=0.1)`.
    - `no_decay`: parts of the names of parameters without weight decay, in
      addition to all with one axis (norms, biases, layer scales).

    Paper: kMaX-DeepLab, published code.

    Args:
        optim_wrapper_cfg: See mmengine; `optimizer` needs `lr` and
            `weight_decay`.
        paramwise_cfg: The keys above.

    Raises:
        ValueError: `paramwise_cfg` has another key.
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict) -> None:
        super().__init__(optim_wrapper_cfg, paramwise_cfg)
        unknown = sorted(set(paramwise_cfg) - set(_KEYS))
        if unknown:
            raise ValueError(
                f'KMaXOptimWrapperConstructor: paramwise_cfg has {unknown}; '
                f'it knows {", ".join(_KEYS)}.'
            )

    def add_params(self, params: list[dict], module: nn.Module) -> None:
        """Append the groups of a whole model.

        Args:
            params: Groups; extended in place.
            module: The model.

        Raises:
            ValueError: A name of the rules matches no parameter.
        """
        lr_mult = self.paramwise_cfg.get('lr_mult', {})
        no_decay = self.paramwise_cfg.get('no_decay', ())
        unused = {*lr_mult, *no_decay}
        groups: dict[tuple[float, float], list[nn.Parameter]] = {}
        for name, param in module.named_parameters():
            if not param.requires_grad:
                continue
            prefixes = [key for key in lr_mult if name.startswith(key)]
            parts = [key for key in no_decay if key in name]
            unused.difference_update(prefixes, parts)
            factor = lr_mult[max(prefixes, key=len)] if prefixes else 1.0
            decay = 0.0 if param.ndim <= 1 or parts else self.base_wd
            groups.setdefault((factor, decay), []).append(param)
        if unused:
            raise ValueError(
                f'paramwise_cfg names {sorted(unused)}, which no parameter '
                'of the model has in its name.'
            )
        params.extend(
            dict(
                params=members,
                lr=self.base_lr * factor,
                weight_decay=decay,
            )
            for (factor, decay), members in groups.items()
        )
