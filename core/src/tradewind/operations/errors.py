"""What can be wrong with what somebody asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class OperationError(Exception):
    """Something cannot be done; the text is one sentence that names the thing and the way out.

    Arguments:
        error_id: which kind of error it is, as `tradewind explain` knows it.
    """

    default_id = "refused"

    def __init__(self, text: str, *, error_id: str = "") -> None:
        super().__init__(text)
        self.error_id = error_id or self.default_id


class NotFoundError(OperationError):
    """There is no such thing."""

    default_id = "not-found"


class ConflictError(OperationError):
    """It cannot be done as things stand: the name is taken, or what it is about is at work."""

    default_id = "already-exists"


class RowsError(ConflictError):
    """Some of many rows cannot be written as things stand, so none was.

    Arguments:
        fields: what is wrong, by the field, the index of the row, and its own field.
    """

    def __init__(self, text: str, fields: Mapping[str, Any], *, error_id: str = "") -> None:
        super().__init__(text, error_id=error_id)
        self.fields = fields


class ClosedError(OperationError):
    """Nobody may do it here: the configuration says so. The text names the key."""

    default_id = "not-enabled"


class BusyError(OperationError):
    """As much of it is under way as may be.

    Arguments:
        seconds: after which one may ask again.
    """

    default_id = "busy"

    def __init__(self, text: str, *, seconds: int = 5, error_id: str = "") -> None:
        super().__init__(text, error_id=error_id)
        self.seconds = seconds


class InvalidError(OperationError):
    """A value that was given is wrong.

    Arguments:
        field: its name, as whoever calls the operation gave it.
    """

    def __init__(self, field: str, text: str, *, error_id: str = "") -> None:
        super().__init__(text, error_id=error_id)
        self.field = field
