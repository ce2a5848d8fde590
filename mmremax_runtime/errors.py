"""What is wrong with something that the user gave."""

import sys


class InputError(ValueError):
    """A file or value of the user cannot be used.

    The text is one line that names it and says what to do; commands print
    it in place of a traceback.
    """


def print_every_name() -> None:
    """Let names of files that are no UTF-8 be printed, with escapes."""
    if hasattr(sys.stdout, 'reconfigure'):  # not in a notebook
        sys.stdout.reconfigure(errors='backslashreplace')


def one_line(error: Exception) -> str:
    """Return an error's text, without the traceback that torch puts around it.

    A data loader's worker hands an error on as "Caught ... Original
    Traceback ... Type: text". The system's errors begin with their file.
    """
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f'{error.filename}: {error.strerror}.'
    text = str(error)
    if '\nOriginal Traceback' in text:
        text = text.rstrip().splitlines()[-1].partition(': ')[2]
    return text
