"""Splitting SQL text into statements."""

from __future__ import annotations

import re

__all__ = ["split_statements"]

_TOKEN = re.compile(
    r"""
    '(?:[^']|'')*'            # text
    | "(?:[^"]|"")*"          # quoted name
    | --[^\n]*                # comment to the end of the line
    | /\*.*?\*/               # comment
    | \$(\w*)\$.*?\$\1\$      # PostgreSQL's dollar quotes
    | ;
    """,
    re.VERBOSE | re.DOTALL,
)


def split_statements(sql: str) -> list[str]:
    """Split a text at the semicolons that are outside of quotes and comments; empty statements are left out.

    It knows no procedural bodies (`BEGIN … END` of a trigger): such a text is run whole, without splitting.
    """
    statements, start = [], 0
    for match in _TOKEN.finditer(sql):
        if match.group() == ";":
            statements.append(sql[start : match.start()])
            start = match.end()
    statements.append(sql[start:])
    return [statement.strip() for statement in statements if _has_code(statement)]


def _has_code(statement: str) -> bool:
    without_comments = re.sub(r"--[^\n]*|/\*.*?\*/", "", statement, flags=re.DOTALL)
    return bool(without_comments.strip())
