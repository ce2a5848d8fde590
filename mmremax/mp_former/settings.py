"""Settings of mask-piloted training, checked once at build."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MaskPilotSettings:
    """The keys of `mp_cfg`.

    Paper: Zhang et al., MP-Former, CVPR 2023; docs/mp_former.md.

    Args:
        num_groups: Copies of the ground truth among the queries.
        query_budget: If set, the number of groups is instead this many
            slots divided by the largest segment count of the batch, rounded
            down; it may be 0, and then the step has no mask-piloted part.
        mask_noise_scale: Lambda of the point noise on pilot masks; 0 is off.
        per_head_noise: Draw the point noise for each attention head.
        label_noise_ratio: Probability of redrawing the class that a query
            starts from; in [0, 1].
        pilot_layers: Number of leading decoder layers that attend where the
            pilot mask allows, or 'all'. In the later ones a mask-piloted
            query uses its own prediction.
        with_cls_loss: Train the classes of mask-piloted queries.
        loss_weight: Factor on the mask-piloted losses.
        query_pos: 'zero' keeps the learned positions of the matching
            queries and gives mask-piloted ones none; 'none' drops them for
            all queries, in inference too.
        padding: 'reference' trains padding slots as no_object and lets
            others of the same group see them; 'strict' hides them.
        max_gt: Largest number of segments of one image that get
            mask-piloted queries, a random subset; None is no limit.

    Raises:
        TypeError: Unknown key.
        ValueError: Value out of range.
    """

    num_groups: int = 1
    query_budget: int | None = None
    mask_noise_scale: float = 0.2
    per_head_noise: bool = False
    label_noise_ratio: float = 0.2
    pilot_layers: str | int = 'all'
    with_cls_loss: bool = True
    loss_weight: float = 1.0
    query_pos: str = 'zero'
    padding: str = 'reference'
    max_gt: int | None = None

    def __post_init__(self) -> None:
        """Check ranges."""
        for name in ('num_groups', 'query_budget', 'max_gt'):
            value = getattr(self, name)
            optional = name != 'num_groups'
            self._require(
                name,
                (optional and value is None) or _is_count(value, 1),
                'a whole number from 1 on' + (' or None' if optional else ''),
            )
        self._require(
            'pilot_layers',
            self.pilot_layers == 'all' or _is_count(self.pilot_layers, 0),
            "'all' or a number of layers",
        )
        self._require(
            'label_noise_ratio', 0 <= self.label_noise_ratio <= 1, 'in [0, 1]'
        )
        for name in ('mask_noise_scale', 'loss_weight'):
            self._require(name, getattr(self, name) >= 0, 'not negative')
        for name, allowed in (
            ('query_pos', ('zero', 'none')),
            ('padding', ('reference', 'strict')),
        ):
            self._require(
                name, getattr(self, name) in allowed, f'one of {allowed}'
            )

    def groups_for(self, num_slots: int) -> int:
        """Return the number of groups of a batch.

        Args:
            num_slots: N, the largest segment count of an image.
        """
        if num_slots == 0:
            return 0
        if self.query_budget is None:
            return self.num_groups
        return self.query_budget // num_slots

    def num_pilot_layers(self, num_layers: int) -> int:
        """Return how many leading layers of the decoder use the pilot."""
        if self.pilot_layers == 'all':
            return num_layers
        return min(self.pilot_layers, num_layers)

    def _require(self, name: str, holds: bool, what: str) -> None:
        if not holds:
            raise ValueError(
                f'mp_cfg.{name}={getattr(self, name)!r} must be {what}.'
            )


def _is_count(value: object, smallest: int) -> bool:
    return (
        isinstance(value, int)
        and not isinstance(value, bool)
        and value >= smallest
    )
