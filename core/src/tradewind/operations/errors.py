"""What can be wrong with what somebody asks for."""

from __future__ import annotations


class OperationError(Exception):
    """Something cannot be done; the text is one sentence that names the thing and the way out."""


class NotFoundError(OperationError):
    """There is no such thing."""


class ConflictError(OperationError):
    """It cannot be done as things stand: the name is taken, or what it is about is at work."""


class InvalidError(OperationError):
    """A value that was given is wrong.

    Arguments:
        field: its name, as whoever calls the operation gave it.
    """

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field
