"""Scores of several inference thresholds from one pass over the images."""

from __future__ import annotations

import copy
from collections.abc import Iterable

import torch
from mmengine.runner import Runner

from mmremax.kmax.merge import FusionConfig


@torch.no_grad()
def sweep_thresholds(
    runner: Runner, settings: list[FusionConfig], batches: Iterable[dict]
) -> list[dict[str, float]]:
    """Test one network under several settings of its post-processing.

    The network runs once on each image; merging and scoring are done for
    each setting. One process, as the logits are not gathered.

    Args:
        runner: Of a config of KMaXDeepLab; its weights are loaded.
        settings: One for each result.
        batches: Of the test data loader, all of them.

    Returns:
        What the test evaluator returns, for each setting.
    """
    model = runner.model.eval()
    fusion = model.panoptic_fusion_head
    before = fusion.test_cfg
    evaluators = [
        runner.build_evaluator(copy.deepcopy(runner.cfg.test_evaluator))
        for _ in settings
    ]
    for evaluator in evaluators:
        evaluator.dataset_meta = runner.test_dataloader.dataset.metainfo
    try:
        for batch in batches:
            data = model.data_preprocessor(batch, False)
            logits = model(data['inputs'], data['data_samples'])
            for setting, evaluator in zip(settings, evaluators, strict=True):
                fusion.test_cfg = setting
                samples = copy.copy(data['data_samples'])
                results = fusion.predict(*logits, samples)
                samples = model.add_pred_to_datasample(samples, results)
                evaluator.process(data_samples=samples, data_batch=batch)
    finally:
        fusion.test_cfg = before
    count = len(runner.test_dataloader.dataset)
    return [evaluator.evaluate(count) for evaluator in evaluators]
