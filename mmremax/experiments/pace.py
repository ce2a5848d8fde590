"""How long runs will take, judged by those that ran."""

from __future__ import annotations

from .collect import (
    last_step,
    read_records,
)
from .run_folder import RunFolder


class Pace:
    """Seconds per step of each arm, validations and start-up included.

    Args:
        runs: Folders by arm.
    """

    def __init__(self, runs: dict[str, list[RunFolder]]) -> None:
        self.runs = runs
        self.live: dict[str, float] = {}

    def observe(self, folder: RunFolder, seconds: float, steps: int) -> None:
        """Learn from a run that is going on.

        Args:
            folder: Of the run.
            seconds: Since some moment after its start-up.
            steps: Done since then.
        """
        if steps > 0:
            self.live[folder.arm] = seconds / steps

    def seconds_per_step(self, arm: str) -> float | None:
        """Of the arm's finished runs, its present one, or other arms'."""
        known = {
            name: pace
            for name in self.runs
            if (pace := self._of_arm(name)) is not None
        }
        if arm in known:
            return known[arm]
        return sum(known.values()) / len(known) if known else None

    def expected_seconds(self, folder: RunFolder, steps: int) -> float | None:
        """Time that a run still needs.

        Args:
            folder: Of the run.
            steps: Done already.

        Returns:
            Seconds; None where nothing has run yet.
        """
        pace = self.seconds_per_step(folder.arm)
        if pace is None:
            return None
        return pace * max(folder.state['max_iters'] - steps, 0)

    def _of_arm(self, name: str) -> float | None:
        """Mean over its finished runs; else that of the present one."""
        paces = [
            folder.state['wall_s'] / folder.state['max_iters']
            for folder in self.runs[name]
            if folder.status == 'finished'
        ]
        if paces:
            return sum(paces) / len(paces)
        return self.live.get(name)


def steps_done(folder: RunFolder) -> int:
    """Last step that a run logged."""
    return last_step(read_records(folder))
