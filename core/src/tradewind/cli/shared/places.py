"""Telling where a connection or a variable is found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tradewind.metadata.credentials import Answer


def rows_of(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Return a row for each place, in the order in which they are asked."""
    return [
        {
            "place": each.place,
            "has it": _has(each),
            "used": "yes" if each.is_used else "",
            "problem": each.problem or "",
        }
        for each in answers
    ]


def _has(answer: Answer) -> str:
    if answer.has is None:
        return "?"
    return "yes" if answer.has else "no"
