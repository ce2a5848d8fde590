"""Change one line at a time; a test of its module has to fail.

    python -m tests.helpers.mutation [PART_OF_A_PATH ...]

Works on a copy of the repository. The mutants are those of
tests/helpers/mutants/. Each row says which test noticed; the exit status
is 1 if a mutant survived.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from tests.helpers.mutants import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
LIMIT = 600  # seconds, after which a mutant counts as noticed
SLOW_PLUGINS = ('cacheprovider', 'hypothesispytest', 'unraisableexception')


def copy_of_the_repository(folder: Path) -> None:
    """Copy what git tracks or would track."""
    listing = ['git', 'ls-files', '-coz', '--exclude-standard']
    names = subprocess.check_output(listing, cwd=ROOT, text=True)
    for name in filter(None, names.split('\0')):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def import_frameworks() -> None:
    """Import what mmremax needs, but not mmremax: forks take the copy's."""
    package = ModuleType('mmremax')  # without its __init__
    package.__path__ = [str(ROOT / 'mmremax')]
    sys.modules['mmremax'] = package
    import_module('mmremax.utils.compat').prepare_stack()
    for name in ('mmdet', 'mmseg', 'mmpretrain'):
        import_module(f'{name}.models')
    for name in ('pandas', 'pydantic', 'pytest'):
        import_module(name)
    for name in [n for n in sys.modules if n.startswith('mmremax')]:
        del sys.modules[name]
    import_module('torch').set_num_threads(1)


def first_failure(folder: Path, tests: tuple[str, ...]) -> str:
    """Run test files on the copy; name what failed first, or nothing.

    A fork of this process, which has imported the frameworks already.
    """

    class Watch:
        def pytest_runtest_logreport(self, report) -> None:
            if report.failed:
                found.value = report.nodeid.encode()[-250:]

    def child() -> None:
        import pytest

        os.chdir(folder)
        os.environ['PYTHONPATH'] = str(folder)
        sys.path.insert(0, str(folder))
        for name in [n for n in sys.modules if n.startswith('tests')]:
            del sys.modules[name]
        with open(os.devnull, 'w') as silence:
            os.dup2(silence.fileno(), 1)
            os.dup2(silence.fileno(), 2)
        options = [f'-pno:{name}' for name in SLOW_PLUGINS]
        options += ['-x', '--assert=plain']
        os._exit(pytest.main([*options, *tests], plugins=[Watch()]))

    context = multiprocessing.get_context('fork')
    found = context.Array('c', 256)
    process = context.Process(target=child)
    process.start()
    process.join(LIMIT)
    if process.is_alive():
        process.kill()
        process.join()
        return 'the time limit'
    if process.exitcode == 0:
        return ''
    return found.value.decode() or f'pytest, status {process.exitcode}'


def try_mutants(mutants: list[Mutant], folder: Path) -> list[Mutant]:
    """Print a row for each mutant; return those that survived.

    Raises:
        RuntimeError: Tests fail without a mutation.
    """
    intact = cache(lambda tests: first_failure(folder, tests))
    survivors = []
    for mutant in mutants:
        if failure := intact(mutant.tests):
            raise RuntimeError(f'{failure} fails without a mutation.')
        path = folder / mutant.path
        text = path.read_text()
        path.write_text(mutant.apply(text))
        noticed = first_failure(folder, mutant.tests)
        path.write_text(text)
        survivors += [mutant] * (not noticed)
        print(f'{mutant}: {noticed or "SURVIVES"}', flush=True)
    return survivors


def table(mutants: list[Mutant], survivors: list[Mutant]) -> str:
    """Count by folder."""
    rows = ['| below | changes | noticed |', '|---|---|---|']
    for folder in ['', *sorted({mutant.folder for mutant in mutants})]:
        number, left = (
            sum(one.folder.startswith(folder) for one in part)
            for part in (mutants, survivors)
        )
        rows.append(f'| {folder or "all"} | {number} | {number - left} |')
    return '\n'.join(rows)


def main(*words: str) -> list[Mutant]:
    """Try the mutants whose paths contain one of the words, or all."""
    import_frameworks()
    mutants = [
        mutant
        for mutant in MUTANTS
        if not words or any(word in str(mutant) for word in words)
    ]
    with tempfile.TemporaryDirectory() as folder:
        copy_of_the_repository(Path(folder))
        survivors = try_mutants(mutants, Path(folder))
    print(table(mutants, survivors))
    return survivors


if __name__ == '__main__':
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('words', nargs='*', metavar='PART_OF_A_PATH')
    sys.exit(bool(main(*parser.parse_args().words)))
