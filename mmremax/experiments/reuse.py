"""Takes over runs of other studies that are the same training."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from .run_folder import (
    RunFolder,
    read_state,
)
from .settings import fingerprint
from .study import StudyError


def find_finished(root: Path) -> dict[str, Path]:
    """Look for finished runs below a folder of studies.

    Args:
        root: Holds STUDY/ARM/seedN.

    Returns:
        Folders by the fingerprint of what they computed.

    Raises:
        StudyError: There is no such folder, or a state in it is damaged.
    """
    if not root.is_dir():
        raise StudyError(
            f'--reuse: there is no folder {root}; give the one that holds '
            'the folders of other studies, as work_dirs/studies does.'
        )
    found = {}
    for file in sorted(root.glob('*/*/seed*/run.json')):
        state = read_state(file)
        if state['status'] == 'finished':
            found[fingerprint(state['settings'])] = file.parent
    return found


def take_over(
    folder: RunFolder, settings: dict[str, Any], finished: dict[str, Path]
) -> bool:
    """Copy a finished run of equal settings, if there is one.

    A run that has begun is left alone. The copy appears in one step, so
    that a kill leaves no half of it.

    Args:
        folder: Of the run to be done.
        settings: That it would have.
        finished: See `find_finished`.

    Returns:
        Whether the run is finished now; ``reused_from`` of its state names
        study, arm and seed then.
    """
    source = finished.get(fingerprint(settings))
    if source is None or folder.status != 'pending':
        return False
    beside = folder.path.with_name(f'.{folder.path.name}.part')
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(source, beside)
    shutil.rmtree(folder.path, ignore_errors=True)  # its config alone
    beside.rename(folder.path)
    state = read_state(folder.state_file)
    state['reused_from'] = '/'.join(source.parts[-3:])
    folder.update(**state)
    return True
