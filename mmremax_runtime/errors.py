"""What is wrong with something that the user gave."""


class InputError(ValueError):
    """A file or value of the user cannot be used.

    The text is one line that names it and says what to do; commands print
    it in place of a traceback.
    """
