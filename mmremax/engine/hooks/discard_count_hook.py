"""Counts the training samples that the pipeline refused."""

from __future__ import annotations

from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner


@HOOKS.register_module()
class DiscardCountHook(Hook):
    """Records ``train/discarded``: how many were replaced by another one.

    The number is of this process, from the start of the run; it goes on
    when the run is resumed. See ``FilterUnlabeledCrops`` and
    ``PanopticDataset.max_refetch``.
    """

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Add the batch's discards to the total."""
        hub = runner.message_hub
        total = hub.runtime_info.get('num_discarded', 0)
        for sample in data_batch['data_samples']:
            total += sample.get('num_discarded', 0)
        hub.update_info('num_discarded', total)
        hub.update_scalar('train/discarded', total)
