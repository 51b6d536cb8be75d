"""What a command raises to end with one line for people, and how that line is written."""

from __future__ import annotations

import re

WRONG_USAGE = "wrong-usage"
"""The id of what the parser of the command line refuses."""
_MARKED = re.compile(r"(.*) \[([a-z]+(?:-[a-z]+)+)\]", re.DOTALL)


class CommandError(Exception):
    """A command that cannot go on: the message is printed alone, and the process ends with `exit_code`.

    Arguments:
        message: one sentence naming the thing, the place and the way out.
        error_id: which kind of error it is; `tradewind explain` has a page on each.
    """

    def __init__(self, message: str, *, error_id: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.error_id = error_id
        self.exit_code = exit_code


def marked(sentence: str, error_id: str) -> str:
    """Return a sentence with its error's id behind it, as terminals show it."""
    return f"{sentence} [{error_id}]"


def take_apart(line: str, *, otherwise: str) -> tuple[str, str]:
    """Return (sentence, id) of a line that `marked` made; the id is `otherwise` where the line has none."""
    found = _MARKED.fullmatch(line)
    return (found[1], found[2]) if found else (line, otherwise)
