"""Code and differences of code, line by line, with classes for the style sheet's colours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape
from pygments import lex
from pygments.lexer import Lexer
from pygments.lexers import TextLexer, get_lexer_for_filename
from pygments.token import Comment, Keyword, Name, Number, Operator, String
from pygments.util import ClassNotFound

LONGEST = 200_000
"""Characters of a file above which it is shown in one colour: to read it as code would take seconds."""
# The first that a token is one of
_CLASSES: Sequence[tuple[Any, str]] = (
    (Comment, "c"),
    (String.Doc, "c"),
    (Keyword, "k"),
    (Operator.Word, "k"),
    (String, "s"),
    (Number, "n"),
    (Name.Decorator, "d"),
    (Name.Function, "f"),
    (Name.Class, "f"),
)
_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")


@lru_cache(maxsize=16)  # sources of a version never change, and the newest are read again and again
def highlighted(path: str, text: str) -> tuple[Markup, ...]:
    """Return the lines of a file as HTML, in which each word of a kind has the class of its kind.

    Arguments:
        path: its name tells the language; of one that is not known, all is in one colour.
    """
    lines: list[list[Markup]] = [[]]
    for kind, value in lex(text, _lexer(path, text)):
        name = _class_of(kind)
        for place, part in enumerate(value.split("\n")):
            if place:
                lines.append([])
            if part:
                lines[-1].append(Markup('<span class="{}">{}</span>').format(name, part) if name else escape(part))
    if len(lines) > 1 and not lines[-1]:
        lines.pop()  # what follows the last line's end is no line
    return tuple(Markup("").join(parts) for parts in lines)


def _lexer(path: str, text: str) -> Lexer:
    as_it_is: Any = {"stripnl": False, "ensurenl": False}
    found: Lexer = TextLexer(**as_it_is)
    if len(text) <= LONGEST:
        with suppress(ClassNotFound):  # a file of no language that is known
            found = get_lexer_for_filename(path, **as_it_is)
    return found


def _class_of(kind: Any) -> str:
    return next((name for known, name in _CLASSES if kind in known), "")


def diff_lines(text: str) -> Sequence[tuple[str, str]]:
    """Return the lines of a unified diff, each with what it is: `file`, `place`, `added`, `gone`, or empty."""
    return list(_diff_lines(text))


def _diff_lines(text: str) -> Iterator[tuple[str, str]]:
    old = new = 0  # lines that the hunk still has: within it a line may begin as a file's name does
    for line in text.split("\n")[:-1]:
        if (hunk := _HUNK.match(line)) and not old and not new:
            old, new = (int(each or 1) for each in hunk.groups())
            yield "place", line
        elif line.startswith("+") and new:
            new -= 1
            yield "added", line
        elif line.startswith("-") and old:
            old -= 1
            yield "gone", line
        elif line.startswith(" ") and (old or new):
            old, new = old - 1, new - 1
            yield "", line
        else:
            yield ("file" if line.startswith(("--- ", "+++ ")) else "place"), line
