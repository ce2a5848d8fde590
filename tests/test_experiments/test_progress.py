"""What a study shows, in a log and on a terminal."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from mmremax.experiments.progress import StudyProgress
from mmremax.experiments.run_folder import RunFolder


@pytest.mark.parametrize('is_terminal', [False, True])
def test_each_new_score_is_one_line_of_a_log(
    tmp_path: Path, is_terminal: bool
) -> None:
    console = Console(file=StringIO(), force_terminal=is_terminal, width=80)
    folder = RunFolder(tmp_path, 'remax', 1)
    folder.state['max_iters'] = 40
    with StudyProgress(40, console) as progress:
        progress.begin(folder, 0)
        for step, note in (
            (10, ''),
            (20, 'PQ 3.1'),
            (30, 'PQ 3.1'),
            (40, 'PQ 4.2'),
        ):
            progress.move(folder, step, note)
    lines = console.file.getvalue()
    assert lines.count('remax, seed 1: step') == (0 if is_terminal else 2)
    if not is_terminal:
        assert 'remax, seed 1: step 20, PQ 3.1' in lines
        assert 'remax, seed 1: step 40, PQ 4.2' in lines
