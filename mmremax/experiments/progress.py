"""What a study shows while it runs."""

from __future__ import annotations

from datetime import timedelta

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from .run_folder import RunFolder


class StudyProgress:
    """A bar of all steps and one of each run; lines alone off a terminal.

    Off a terminal, in a log, each new score is a line.

    It draws only when told to. A refreshing thread would make it unsafe to
    start processes that end with their parent.

    Args:
        total: Steps of all runs that are to be done.
        console: Where to.
    """

    def __init__(self, total: int, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False)
        self.bars = Progress(
            TextColumn('{task.description}'),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn('{task.fields[note]}'),
            console=self.console,
            auto_refresh=False,
            disable=not self.console.is_terminal,
        )
        self.tasks: dict[RunFolder, TaskID] = {}
        self.scores: dict[RunFolder, str] = {}
        self.all = self.bars.add_task('study', total=total, note='')

    def __enter__(self) -> StudyProgress:
        self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bars.stop()

    def begin(self, folder: RunFolder, step: int) -> None:
        """Add the bar of a run at the step it goes on from."""
        if folder not in self.tasks:
            self.tasks[folder] = self.bars.add_task(
                folder.label,
                total=folder.state['max_iters'],
                completed=step,
                note='',
            )

    def move(self, folder: RunFolder, step: int, note: str) -> None:
        """Show the step of a run and its last score."""
        self.bars.update(self.tasks[folder], completed=step, note=note)
        if note and self.bars.disable and self.scores.get(folder) != note:
            self.note(f'{folder.label}: step {step}, {note}')
        self.scores[folder] = note

    def end(self, folder: RunFolder) -> None:
        """Remove the bar of a run."""
        if folder in self.tasks:
            self.bars.remove_task(self.tasks.pop(folder))

    def total(self, step: int, seconds: float | None) -> None:
        """Show the steps of all runs and the time left; draw."""
        left = '' if seconds is None else f'{duration(seconds)} left'
        self.bars.update(self.all, completed=step, note=left)
        self.bars.refresh()

    def note(self, text: str, style: str | None = None) -> None:
        """Print a line that stays."""
        self.console.print(escape(text), style=style, soft_wrap=True)


def duration(seconds: float) -> str:
    """Write h:mm:ss."""
    return str(timedelta(seconds=round(seconds)))
