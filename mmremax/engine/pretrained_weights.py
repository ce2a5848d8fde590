"""Initial weights from a file, refused if the file is not the right one."""

from __future__ import annotations

from mmengine.model import PretrainedInit, update_init_info
from mmengine.registry import WEIGHT_INITIALIZERS
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

from mmremax.kmax.published_weights import check_state_dict

REMEDY = (
    'Give a file that fits as model.backbone.init_cfg.checkpoint=FILE, or '
    'start from random weights with --no-pretrained.'
)


@WEIGHT_INITIALIZERS.register_module('Pretrained', force=True)
class PretrainedWeights(PretrainedInit):
    """mmengine's `init_cfg=dict(type='Pretrained')` with a strict mode.

    mmengine logs what it did not find in the file and goes on with random
    weights, which a training shows hours later. It also knows this one type
    by its name (nothing overwrites what it loaded), so the name stays.

    Args:
        checkpoint: File or URL.
        prefix: Of the keys that count; it is cut off.
        map_location: Where the file is read to.
        strict: Whether parameters of the module that the file lacks, or has
            in another shape, are an error; what only the file has (a
            classifier, an output norm) is not.
    """

    def __init__(
        self,
        checkpoint: str,
        prefix: str | None = None,
        map_location: str = 'cpu',
        strict: bool = False,
    ) -> None:
        super().__init__(checkpoint, prefix, map_location)
        self.strict = strict

    def __call__(self, module: nn.Module) -> None:
        """Load the weights.

        Args:
            module: What to initialise.

        Raises:
            RuntimeError: The file cannot be read or fetched (strict).
            ValueError: It is one of another network (strict).
        """
        if not self.strict:
            super().__call__(module)
            return
        try:
            content = CheckpointLoader.load_checkpoint(
                self.checkpoint, self.map_location
            )
        except (OSError, RuntimeError) as error:
            raise RuntimeError(
                f'Initial weights {self.checkpoint}: {error} {REMEDY}'
            ) from error
        prefix = self.prefix or ''
        wanted = module.state_dict().keys()
        state_dict = {
            key.removeprefix(prefix): tensor
            for key, tensor in content.get('state_dict', content).items()
            if key.startswith(prefix) and key.removeprefix(prefix) in wanted
        }
        try:
            check_state_dict(state_dict, module)
        except ValueError as error:
            raise ValueError(
                f'Initial weights {self.checkpoint}: {error} {REMEDY}'
            ) from error
        module.load_state_dict(state_dict, strict=False)
        if hasattr(module, '_params_init_info'):
            update_init_info(module, init_info=self._get_init_info())
