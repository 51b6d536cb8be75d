"""Responses as JSON, in which a trigger hands them to the task that goes on."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tradewind_plugins.clients import lazy_client

if TYPE_CHECKING:
    import requests
else:
    requests = lazy_client("requests", extra="http")

__all__ = ["as_json", "from_json"]


def as_json(response: requests.Response) -> dict[str, Any]:
    """Return what `from_json` makes an equal response of: all but the request, the cookies and the way of redirects."""
    return {
        "status_code": response.status_code,
        "reason": response.reason,
        "url": response.url,
        "headers": dict(response.headers),
        "encoding": response.encoding,
        "elapsed": response.elapsed.total_seconds(),
        "body": b2a_base64(response.content, newline=False).decode("ascii"),
    }


def from_json(told: dict[str, Any]) -> requests.Response:
    """Return the response that `as_json` has written."""
    response = requests.Response()
    response.status_code = told["status_code"]
    response.reason = told["reason"]
    response.url = told["url"]
    response.headers.update(told["headers"])
    response.encoding = told["encoding"]
    response.elapsed = timedelta(seconds=told["elapsed"])
    response._content = a2b_base64(told["body"])  # noqa: SLF001 - requests offers no other way
    response._content_consumed = True  # noqa: SLF001
    return response
