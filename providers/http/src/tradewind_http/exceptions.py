"""What goes wrong with HTTP."""

from __future__ import annotations

from tradewind_plugins.exceptions import ConnectionFailed, TradewindException

__all__ = ["HttpErrorException", "HttpUnavailableException"]


class HttpErrorException(TradewindException):
    """A server answered with a status of 400 or more.

    Arguments:
        message: the sentence.
        status_code: the status.
        retry_after: what the server's header Retry-After says, as it stands there; None where it says nothing.
    """

    def __init__(self, message: str, status_code: int = 0, retry_after: str | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.retry_after = retry_after


class HttpUnavailableException(HttpErrorException, ConnectionFailed):
    """The status says that the login is refused, that there were too many requests, or that the server is not there."""
