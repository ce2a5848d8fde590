"""Test-time augmentation, from the config of a plain test."""

from __future__ import annotations

from mmdet.utils import get_test_pipeline_cfg
from mmengine.config import Config
from mmengine.logging import print_log

from .config_edits import dicts_of
from .resources import resource_root

OVERLAY = 'configs/_base_/overlays/tta.py'
SCORED = ('PanopticQualityMetric', 'CocoPanopticMetric')


def use_tta(cfg: Config) -> None:
    """Let a test see the views of `tta_pipeline`, merged by `tta_model`.

    What of the two a config lacks is that of `OVERLAY`. A step's missing
    keys are those of the test pipeline's step of the same type. Evaluators
    of other than panoptic maps are left out, with a note.

    Raises:
        ValueError: The config cannot be tested so.
    """
    for key, value in Config.fromfile(resource_root() / OVERLAY).items():
        if key not in cfg:
            cfg[key] = value
    head = cfg.model.get('panoptic_fusion_head', {}).get('type')
    if cfg.tta_model.type == 'UnionTTAModel' and head != 'KMaXFusionHead':
        raise ValueError(
            '--tta merges scored segments as KMaXFusionHead makes them; '
            f'{cfg.model.type} of this config has none.'
        )
    cfg.test_evaluator = panoptic_evaluators(cfg.test_evaluator)
    fill_steps(cfg.tta_pipeline, get_test_pipeline_cfg(cfg))
    for node in dicts_of(cfg.test_dataloader.dataset):
        if 'pipeline' in node:
            node['pipeline'] = cfg.tta_pipeline
    cfg.model = dict(cfg.tta_model, module=cfg.model)


def panoptic_evaluators(evaluators: dict | list[dict]) -> list[dict]:
    """Leave out what needs more than the panoptic map."""
    if isinstance(evaluators, dict):
        evaluators = [evaluators]
    kept = [one for one in evaluators if one['type'] in SCORED]
    others = ', '.join(o['type'] for o in evaluators if o not in kept)
    if not kept:
        raise ValueError(
            f'--tta merges panoptic maps, and {others} does not score them: '
            'set test_evaluator.type=PanopticQualityMetric.'
        )
    if others:
        print_log(f'--tta merges panoptic maps; {others} is left out.')
    return kept


def fill_steps(tta_pipeline: list[dict], pipeline: list[dict]) -> None:
    """Complete the steps by those of the plain pipeline, in place."""
    plain = {step['type']: step for step in pipeline}
    steps = [step for step in dicts_of(tta_pipeline) if 'type' in step]
    if lost := plain.keys() - {step['type'] for step in steps}:
        raise ValueError(
            f'tta_pipeline lacks {", ".join(sorted(lost))} of the test '
            f'pipeline: give the config one of its own, as {OVERLAY}.'
        )
    for step in steps:
        for key, value in plain.get(step['type'], {}).items():
            step.setdefault(key, value)
