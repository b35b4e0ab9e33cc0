"""What a person can mend. Here: the one exception that ends a command with a sentence instead of a traceback."""


class InputError(Exception):
    """Something given to Fulcast can't be used; the message is one sentence that names it and the mend. Exit code 2."""
