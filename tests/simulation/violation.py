"""What a seed fails with."""

from __future__ import annotations


class Violation(AssertionError):  # noqa: N818  (the word of the field; it is no error of the simulation)
    """An invariant does not hold."""
