"""Settings of mask-piloted training, checked once at build."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PilotSettings:
    """The keys of `mp_cfg`.

    Paper: Zhang et al., MP-Former, CVPR 2023; docs/mp_former.md.

    Args:
        num_groups: Copies of the ground truth among the queries.
        mask_noise_scale: Lambda of the point noise on pilot masks; 0 is off.
        label_noise_ratio: Probability of replacing the class that a query
            starts from; in [0, 1].
        pilot_layers: Number of leading decoder layers that attend where the
            pilot mask allows, or 'all'. In the later ones a mask-piloted
            query uses its own prediction.
        query_pos: 'zero' keeps the learned positions of the matching
            queries and gives mask-piloted ones none; 'none' drops them for
            all queries, in inference too, as the released code does.

    Raises:
        TypeError: Unknown key.
        ValueError: Value out of range.
    """

    num_groups: int = 1
    mask_noise_scale: float = 0.2
    label_noise_ratio: float = 0.2
    pilot_layers: str | int = 'all'
    query_pos: str = 'zero'

    def __post_init__(self) -> None:
        """Check ranges."""
        groups, layers = self.num_groups, self.pilot_layers
        for name, holds, allowed in (
            ('num_groups', type(groups) is int and groups > 0, '1 or more'),
            ('mask_noise_scale', self.mask_noise_scale >= 0, '0 or more'),
            (
                'label_noise_ratio',
                0 <= self.label_noise_ratio <= 1,
                'in [0, 1]',
            ),
            (
                'pilot_layers',
                layers == 'all' or (type(layers) is int and layers >= 0),
                "'all' or a number of layers",
            ),
            (
                'query_pos',
                self.query_pos in ('zero', 'none'),
                "'zero' or 'none'",
            ),
        ):
            if not holds:
                raise ValueError(
                    f'mp_cfg.{name}={getattr(self, name)!r} must be {allowed}.'
                )
