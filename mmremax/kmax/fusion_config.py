"""The constants of post-processing: `model.test_cfg`."""

from __future__ import annotations

from dataclasses import dataclass, fields

MIN_PIXEL_THRESHOLD = 1 / 3 + 1e-4  # rounding included


@dataclass(frozen=True)
class FusionConfig:
    """Constants of the published test-time path; the defaults are COCO's.

    Attributes:
        panoptic_on: Make `pan_results`.
        semantic_on: Make `sem_results`.
        semantic_by_query: Give a pixel the class of its best query, as the
            TensorFlow code does, and not that of the best sum over queries.
        instance_on: Make `ins_results`.
        pixel_threshold: A query holds the pixels where its probability is
            above this, which is above 1/3: at most two queries meet.
        thing_threshold: A thing needs a class probability above this.
        stuff_threshold: The same for stuff.
        overlap_threshold: A query writes if more than this part of its mask
            is still free.
        class_score_power: Queries are ordered by class probability to this
            power ...
        mask_score_power: ... times mean mask probability to this power.
        min_thing_area: Smaller things become void. In pixels of the resized
            network input, as published for TensorFlow (COCO 400).
        min_stuff_area: The same for the whole of a stuff class (COCO 6400).
        max_per_image: Most instances of `ins_results`.
    """

    panoptic_on: bool = True
    semantic_on: bool = False
    semantic_by_query: bool = False
    instance_on: bool = False
    pixel_threshold: float = 0.4
    thing_threshold: float = 0.7
    stuff_threshold: float = 0.5
    overlap_threshold: float = 0.8
    class_score_power: float = 1.0
    mask_score_power: float = 1.0
    min_thing_area: float = 0
    min_stuff_area: float = 0
    max_per_image: int = 100

    @classmethod
    def from_test_cfg(cls, test_cfg: dict | None) -> FusionConfig:
        """Read `test_cfg`; a key that nobody would use is an error."""
        test_cfg = dict(test_cfg or {})
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(test_cfg) - set(known))
        if unknown:
            raise TypeError(
                f'model.test_cfg has unknown keys {unknown}; KMaXFusionHead '
                f'reads {known}'
            )
        config = cls(**test_cfg)
        if not MIN_PIXEL_THRESHOLD < config.pixel_threshold < 1:
            raise ValueError(
                f'model.test_cfg.pixel_threshold={config.pixel_threshold}: '
                'it must lie between 1/3 and 1 (published: 0.4). The merge '
                'counts pairs of queries, and above 1/3 no three can hold a '
                'pixel.'
            )
        return config
