"""Names, kinds and colours of a model's classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

REMEDY = (
    'Give them: a checkpoint of a run of ours holds them, and so does the '
    'annotation file of the data it was trained on.'
)


class ClassesError(ValueError):
    """A model's classes have no names, or not as many as the model has."""


@dataclass(frozen=True)
class Classes:
    """The K classes of a model, things first.

    Attributes:
        names: K.
        num_things: The first of them.
        colours: RGB, 0 to 255, K.
    """

    names: tuple[str, ...]
    num_things: int
    colours: tuple[tuple[int, int, int], ...]

    def __post_init__(self) -> None:
        """Refuse what would give a segment a wrong name."""
        if not self.names:
            raise ClassesError(f'The classes have no names. {REMEDY}')
        if len(self.colours) != len(self.names):
            raise ClassesError(
                f'{len(self.names)} classes have {len(self.colours)} colours.'
            )
        if not 0 <= self.num_things <= len(self.names):
            raise ClassesError(
                f'{self.num_things} of {len(self.names)} classes are things.'
            )

    def __len__(self) -> int:
        return len(self.names)

    def is_thing(self, label: int) -> bool:
        """Tell a thing from stuff."""
        return label < self.num_things

    def to_dict(self) -> dict:
        """Give plain values, for json."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping) -> Classes:
        """Read what `to_dict` gave.

        Raises:
            ClassesError: A key is missing or of another kind.
        """
        try:
            return cls(
                names=tuple(str(name) for name in values['names']),
                num_things=int(values['num_things']),
                colours=tuple(
                    (int(r), int(g), int(b)) for r, g, b in values['colours']
                ),
            )
        except (KeyError, TypeError) as error:
            raise ClassesError(
                f'Not a description of classes: {error!r}.'
            ) from None
