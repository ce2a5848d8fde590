"""The command `mmremax`: finds the command that is asked for, and runs it.

A command is a module with a docstring, ``add_arguments(parser)`` and
``run(args)``, which returns the exit status. Only the one that is asked for
is imported: those of `mmremax` need torch, those of `mmremax_runtime` do not.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module

from .errors import InputError, one_line, print_every_name
from .threads import share_cores

LIGHT, FULL = 'mmremax_runtime.commands', 'mmremax.commands'
COMMANDS = {
    'predict': (LIGHT, 'segment images: pictures, ids, json'),
    'video': (LIGHT, 'segment a video'),
    'serve': (LIGHT, 'open a page to try a model in the browser'),
    'export': (FULL, 'write a model as ONNX, to run without torch'),
    'benchmark-runtimes': (FULL, 'time a model and its export'),
    'train': (FULL, 'train a model'),
    'test': (FULL, 'evaluate a checkpoint'),
    'doctor': (LIGHT, 'say what is installed, what is broken, the remedy'),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; see the module."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if not argv or argv[0] in ('-h', '--help'):
        print(overview())
        return 0
    name, *rest = argv
    if name not in COMMANDS:
        print(f'mmremax: no command {name!r}.\n{overview()}', file=sys.stderr)
        return 2
    return run_command(name, rest)


def run_command(
    name: str, argv: Sequence[str], called: str | None = None
) -> int:
    """Run a command, which a script may stand for.

    Args:
        name: Of COMMANDS.
        argv: Its arguments.
        called: What its help says in place of `mmremax NAME`.
    """
    package, _ = COMMANDS[name]
    command_line = f'mmremax {name}'
    called = called or command_line
    print_every_name()
    share_cores()
    try:
        command = import_module(f'{package}.{name.replace("-", "_")}')
        parser = argparse.ArgumentParser(
            prog=called,
            description=command.__doc__.replace(command_line, called),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(parser)
        return command.run(parser.parse_args(argv))
    except (InputError, OSError) as error:
        print(one_line(error), file=sys.stderr)
        return 1
    except ImportError as error:  # its text has the remedy
        reasons = ': '.join(map(str, causes(error)))
        print(f'mmremax {name}: {reasons}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f'mmremax {name}: interrupted.', file=sys.stderr)
        return 130


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, what it came from, and so on to the first.

    MMEngine's error of `custom_imports` does not say why.
    """
    while error is not None:
        yield error
        hidden = error.__suppress_context__
        error = error.__cause__ or (None if hidden else error.__context__)


def overview() -> str:
    """List the commands."""
    width = max(map(len, COMMANDS))
    lines = [
        f'  {name:{width}}  {says}' for name, (_, says) in COMMANDS.items()
    ]
    return '\n'.join(
        [
            'usage: mmremax COMMAND [arguments]',
            '',
            *lines,
            '',
            '`mmremax COMMAND --help` says more.',
        ]
    )
