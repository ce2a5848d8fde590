"""Initial weights from a file, refused if the file is not the right one."""

from __future__ import annotations

from mmengine.model import PretrainedInit, update_init_info
from torch import nn

from mmremax.registry import WEIGHT_INITIALIZERS
from mmremax.utils.checkpoint import misfits, state_dict_of
from mmremax.utils.fetched_weights import CheckpointError
from mmremax.utils.safe_loading import load_checkpoint

REMEDY = (
    'Give a file that fits as model.backbone.init_cfg.checkpoint=FILE, or '
    'start from random weights with --no-pretrained.'
)


@WEIGHT_INITIALIZERS.register_module('Pretrained')
class StrictPretrained(PretrainedInit):
    """Loads all weights of a module, or refuses the file.

    mmengine's own `Pretrained` logs what it did not find and goes on with
    random weights, which a training shows hours later. mmengine and the
    backbones know the type by its name, and let nothing overwrite what it
    loaded; so this one has the name too, in a scope of its own:
    `init_cfg=dict(type='Pretrained', _scope_='mmremax', checkpoint=...)`.

    Keys that only the file has (a classifier, an output norm) are no error.

    Args:
        checkpoint: File or address.
        made_by: Shell command that makes the file, for the errors.
        **kwargs: `prefix` of the keys in the file, and `map_location`.
    """

    def __init__(
        self, checkpoint: str, made_by: str | None = None, **kwargs: str
    ) -> None:
        super().__init__(checkpoint, **kwargs)
        made = f'`{made_by}` makes the file. ' if made_by else ''
        self.remedy = made + REMEDY

    def __call__(self, module: nn.Module) -> None:
        """Load the weights.

        Raises:
            CheckpointError: The file cannot be read or fetched, or lacks
                weights of the module, or has them in another shape.
        """
        try:
            content = load_checkpoint(self.checkpoint, self.map_location)
        except (OSError, RuntimeError) as error:
            raise CheckpointError(
                f'Initial weights {self.checkpoint}: {error} {self.remedy}'
            ) from error
        prefix = self.prefix or ''
        wanted = module.state_dict()
        weights = {
            key.removeprefix(prefix): tensor
            for key, tensor in state_dict_of(content).items()
            if key.startswith(prefix) and key.removeprefix(prefix) in wanted
        }
        if problems := misfits(weights, wanted):
            raise CheckpointError(
                f'Initial weights {self.checkpoint} do not fit. {problems} '
                f'{self.remedy}'
            )
        module.load_state_dict(weights, strict=False)
        if hasattr(module, '_params_init_info'):
            update_init_info(module, init_info=self._get_init_info())
