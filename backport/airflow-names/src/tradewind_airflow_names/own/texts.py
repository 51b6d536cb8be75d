"""Enumerations whose members are texts, and read as such."""

from __future__ import annotations

from enum import Enum


class TextEnum(str, Enum):
    """An enumeration of texts; `str()` of a member is its value, as of Python 3.11's StrEnum."""

    def __str__(self) -> str:
        """Return the value."""
        return str(self.value)
