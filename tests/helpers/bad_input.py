"""Give bad input to the public tools; print what they answer, as a table.

    python -m tests.helpers.bad_input [PART_OF_AN_EDIT ...]
    python -m tests.helpers.bad_input --write [PART ...]

The second renews the rows in docs/reliability.md.

Each row edits a copy of demo/nuclei/sample and calls a tool in a fork. The
exit status is 1 if an answer is a traceback, or success.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mmremax.commands import test, train  # noqa: F401 (once, for all forks)
from mmremax.inference import Predictor  # noqa: F401
from tests.helpers.bad_input_cases import CASES, Case, Folder
from tests.helpers.campaigns import fork
from tests.helpers.scripts import ROOT

DOCUMENT = ROOT / 'docs/reliability.md'
TABLE = re.compile(r'(<!-- bad_input -->\n).*?(<!-- end -->)', re.DOTALL)
WIDTH = 240  # characters of an answer
# Lines that are no answer: of logging, and of libraries that warn.
NOISE = re.compile(
    r'^\d\d/\d\d \d\d:|Warning: |^\s|^Checking|warn\(|^\d+ of \d+ failed'
)


@dataclass(frozen=True)
class Answer:
    """What a tool said.

    Attributes:
        status: Its exit status.
        line: Its answer, paths shortened.
        output: All of it.
    """

    status: int
    line: str
    output: str

    @property
    def is_right(self) -> bool:
        """Whether it is a refusal, and no traceback."""
        return self.status not in (0, None) and (
            'Traceback (most' not in self.output
        )


def ask(case: Case) -> Answer:
    """Edit a copy of the sample and call the tool."""
    with tempfile.TemporaryDirectory() as name:
        folder = Folder(Path(name).resolve() / 'DIR')
        shutil.copytree(ROOT / 'demo/nuclei/sample', folder.path)
        case.edit(folder)
        for split in ('train', 'val'):  # where an edit did not make it
            path = folder.path / f'panoptic_{split}.json'
            if not path.exists() and not folder.keeps:
                shutil.copy(folder.path / 'panoptic_val.json', path)
        seg = folder.path / 'panoptic_train'
        if not seg.exists() and (folder.path / 'panoptic_val').is_dir():
            seg.symlink_to('panoptic_val')
        command = [w.replace('DIR', str(folder.path)) for w in case.command]
        run = fork(lambda: call(*command), COLUMNS='999')
        status = run.wait(case.limit)
        if status is None:
            run.process.kill()
        output = run.errors().replace(f'{folder.path.parent}/', '')
    output = output.replace(f'{ROOT}/', '')
    lines = [
        line.strip()
        for line in output.splitlines()
        if line.strip() and not NOISE.search(line)
    ]
    place = 0 if 'check_panoptic' in case.command[0] else -1
    return Answer(status, lines[place] if lines else '', output)


def call(name: str, *arguments: str) -> int:
    """Run a command of `mmremax`, or a script of the repository."""
    import runpy

    from mmremax_runtime.cli import main

    os.chdir(ROOT)
    if not name.endswith('.py'):
        return main([name, *arguments])
    sys.argv = [name, *arguments]
    try:
        runpy.run_path(name, run_name='__main__')
    except SystemExit as error:
        if isinstance(error.code, str):
            print(error.code)
        return 1 if isinstance(error.code, str) else error.code or 0
    except BaseException:
        import traceback

        traceback.print_exc()
        return 1
    return 0


def row(case: Case, answer: Answer) -> str:
    """Write a row of the table."""
    line = answer.line
    line = line if len(line) <= WIDTH else f'{line[:WIDTH].rstrip()} ...'
    line = line.replace('|', '\\|').replace('`', "'")
    return f'| {case.text} | {case.tool} | {answer.status} | `{line}` |'


def main(words: list[str], write: bool) -> int:
    """Ask, print, and renew the document if asked to."""
    chosen = [
        case
        for case in CASES
        if not words or any(word in case.text for word in words)
    ]
    rows, wrong = {}, []
    for line in DOCUMENT.read_text().splitlines():
        rows[line.split(' | ')[0]] = line
    for case in chosen:
        answer = ask(case)
        line = rows[f'| {case.text}'] = row(case, answer)
        print(line, flush=True)
        if not answer.is_right:
            wrong.append(f'{case.text}:\n{answer.output[-3000:]}')
    print(*wrong, sep='\n')
    if write:
        head = ['| edit | tool | status | its line |', '|---|---|---|---|']
        found = [rows.get(f'| {case.text}', '') for case in CASES]
        text = '\n'.join([*head, *filter(None, found)])
        renewed = TABLE.sub(
            lambda match: f'{match[1]}\n{text}\n\n{match[2]}',
            DOCUMENT.read_text(),
        )
        DOCUMENT.write_text(renewed)
    return bool(wrong)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('words', nargs='*', metavar='PART_OF_AN_EDIT')
    parser.add_argument('--write', action='store_true')
    args = parser.parse_args()
    sys.exit(main(args.words, args.write))
