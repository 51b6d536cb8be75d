"""What the dialect refuses, with its place."""

from __future__ import annotations

import ast
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Finding:
    """Something that cannot be lowered to Python 3.6.

    Args:
        file: the source file, as it was named.
        line: from 1.
        message: what it is and what to write instead.
    """

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class Findings:
    """The findings of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.all: list[Finding] = []

    def refuse(self, node: ast.AST, message: str) -> None:
        """Note that a node of the source cannot be lowered."""
        self.all.append(Finding(self.file, getattr(node, "lineno", 1), message))
