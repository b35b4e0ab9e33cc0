"""What a person can mend in a history. Here: the exception and the note. Not here: the checks that raise them."""

from dataclasses import dataclass


class Problem(ValueError):
    """A history or option that can't be used; the message is one sentence that names it and the mend."""


@dataclass(frozen=True)
class Note:
    """One sentence about what was left out, filled in or fallen back on; `is_refusal` where series got no forecast."""

    sentence: str
    is_refusal: bool = False
