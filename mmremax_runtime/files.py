"""Files that are there whole, or not at all; errors that name them."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ELSEWHERE = 'Choose a folder that may be written.'
REMEDIES = {
    errno.ENOSPC: 'Make room there, or write elsewhere.',
    errno.EDQUOT: 'Make room there, or write elsewhere.',
    errno.EFBIG: 'The limit of the size of files is too low (ulimit -f).',
    errno.EROFS: ELSEWHERE,
    errno.EACCES: ELSEWHERE,
    errno.EPERM: ELSEWHERE,
}
# Of an open file: without its name, and never of one that is read.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


class WriteError(OSError):
    """A file cannot be written; the text names it."""


@contextmanager
def write_files(*paths: str | Path) -> Iterator[list[Path]]:
    """Write files under other names, then move them to their places.

    Makes missing folders. If the body raises, none of the files appears and
    older ones stay. A device or a pipe (/dev/stdout) is written directly.

    Yields:
        Where to write, one for each of the paths, with the same endings.

    Raises:
        WriteError: The folder or the disk takes none.
    """
    paths = [Path(path) for path in paths]
    parts: list[Path] = []
    try:
        for path in paths:
            parts.append(_beside(path))
        with writing(paths[0], anything=True):
            yield parts
        for part, path in zip(parts, paths, strict=True):
            if part != path:
                with _named(f'{path} cannot be written'):
                    part.chmod(0o666 & ~_umask())
                    os.replace(part, path)
    finally:
        for part in set(parts) - set(paths):
            part.unlink(missing_ok=True)


def check_outputs(
    *files: str | Path | None,
    folders: Iterable[Path] = (),
    reads: Iterable[str | Path | None] = (),
) -> None:
    """Refuse, before the work, outputs that it could not be written to.

    Args:
        files: To be written; None is passed over.
        folders: To be filled.
        reads: Files and folders that the work reads.

    Raises:
        WriteError: One cannot be written, is read, or is given twice.
    """
    paths = [Path(file) for file in files if file is not None]
    read = [Path(one) for one in reads if one is not None]
    read = [one for one in read if one.exists()]
    for path in (*paths, *folders):
        if path.exists() and any(map(path.samefile, read)):
            raise WriteError(
                f'{path} is what this command reads: write elsewhere.'
            )
    for path in paths:
        if paths.count(path) > 1:
            raise WriteError(f'{path} is the name of two outputs.')
        if (part := _beside(path)) != path:
            part.unlink()


def write_text(path: str | Path, text: str) -> None:
    """Write a text in one step; see `write_files`."""
    with write_files(path) as (part,):
        part.write_text(text, encoding='utf-8')


@contextmanager
def writing(path: str | Path, anything: bool = False) -> Iterator[None]:
    """Name what is written, if the disk or its owner takes no more of it.

    Args:
        path: The file, or the folder of several.
        anything: Whether an error without a number (Pillow's) is one.

    Raises:
        WriteError: As one line.
    """
    with _named(f'{path} cannot be written', FULL, anything):
        yield


@contextmanager
def _named(
    failure: str,
    numbers: tuple[int, ...] | None = None,
    anything: bool = False,
) -> Iterator[None]:
    """Say in one line what failed and what to do.

    Args:
        failure: What failed.
        numbers: Those of the errors that it means; None is all.
        anything: See `writing`.
    """
    try:
        yield
    except WriteError:
        raise
    except OSError as error:
        is_bare = anything and type(error) is OSError and error.errno is None
        if numbers and error.errno not in numbers and not is_bare:
            raise
        reason = error.strerror or str(error)
        remedy = REMEDIES.get(error.errno, '')
        raise WriteError(f'{failure}: {reason}. {remedy}'.strip()) from error


def _beside(path: Path) -> Path:
    """Make an empty file to be moved to a path later; or take the path.

    Makes missing folders.
    """
    with _named(f'The folder {path.parent} cannot be made'):
        path.parent.mkdir(parents=True, exist_ok=True)
    with _named(f'{path} cannot be written'):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, 'It is a folder')
        if path.exists() and not path.is_file():
            return path
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f'.{path.stem}_', suffix=path.suffix
        )
        os.close(handle)
        return Path(name)


def _umask() -> int:
    """Read the process's mask; the system only tells it by setting one."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
