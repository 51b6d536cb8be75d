"""What is answered in place of what was asked: problem+json (RFC 9457), never more of it than a caller may know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from flask import Response

from tradewind.execution.http.wire import PROBLEM

TITLES: Final = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    422: "Unprocessable Content",
    426: "Upgrade Required",
    503: "Service Unavailable",
}


class Problem(Exception):  # noqa: N818  (what is answered, in RFC 9457's word)
    """A refusal.

    Arguments:
        status: of the answer.
        code: names the kind, for programs.
        detail: a sentence for people.
        errors: sentences by the field that they are about.
    """

    def __init__(self, status: int, code: str, detail: str, errors: Mapping[str, Any] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors

    def response(self) -> Response:
        """Return the answer."""
        body: dict[str, Any] = {
            "type": f"urn:tradewind:execution:{self.code}",
            "title": TITLES.get(self.status, "Refused"),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.errors is not None:
            body["errors"] = self.errors
        response = Response(json.dumps(body), self.status, mimetype=PROBLEM)
        if self.status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        elif self.status == 503:
            response.headers["Retry-After"] = "1"
        return response
