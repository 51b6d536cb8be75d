"""What is answered in place of what was asked: problem+json (RFC 9457), never more of it than a caller may know."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from flask import Response

from tradewind.api.problems import write_problem

HEADERS: Final = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "1"}}


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
        more = {"code": self.code, "errors": self.errors}
        headers = HEADERS.get(self.status, {})
        return write_problem(HTTPStatus(self.status), f"execution:{self.code}", self.detail, more=more, headers=headers)
