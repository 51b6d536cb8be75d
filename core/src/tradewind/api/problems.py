"""Errors as `application/problem+json` (RFC 9457): each says what is wrong, where, and what would be right."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, request
from sqlalchemy.exc import DBAPIError
from tradewind_plugins.exceptions import DagNotFound, DagRunAlreadyExists, ParamValidationError
from werkzeug.exceptions import HTTPException

from tradewind.access.authorization import DeniedError
from tradewind.metadata.secrets import SecretError
from tradewind.operations.errors import BusyError, ClosedError, ConflictError, InvalidError, NotFoundError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
PREFIX = "/api/"
BUSY_SECONDS = 5
NO_DATABASE = "The metadata database does not answer at this moment: try again; /health tells more."
STATUSES: dict[type[Exception], HTTPStatus] = {
    DeniedError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    DagNotFound: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    DagRunAlreadyExists: HTTPStatus.CONFLICT,
    ClosedError: HTTPStatus.FORBIDDEN,
    BusyError: HTTPStatus.SERVICE_UNAVAILABLE,
    SecretError: HTTPStatus.SERVICE_UNAVAILABLE,
}

IDS: dict[type[Exception], str] = {DagNotFound: "no-such-dag", DagRunAlreadyExists: "run-exists"}


class ProblemError(Exception):
    """A request that cannot be answered as it was asked.

    Arguments:
        status: of the answer.
        detail: one sentence.
        fields: for each field that is wrong, what is.
        error_id: which kind of error it is, as `tradewind explain` knows it.
        headers: added to the answer's.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        fields: Mapping[str, Any] | None = None,
        error_id: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.fields = fields
        self.error_id = error_id
        self.headers = headers or {}

    def response(self) -> Response:
        """Return the answer."""
        kind = f"problem:{self.status.name.lower().replace('_', '-')}"
        more = {"error_id": self.error_id, "fields": self.fields}
        return write_problem(self.status, kind, self.detail, more=more, headers=self.headers)


def write_problem(
    status: HTTPStatus, kind: str, detail: str, *, more: Mapping[str, Any], headers: Mapping[str, str]
) -> Response:
    """Return an answer of `application/problem+json`.

    Arguments:
        kind: names the type of the problem, below `urn:tradewind:`.
        detail: a sentence for people.
        more: members beside those of the standard; empty ones are left out.
    """
    body = {"type": f"urn:tradewind:{kind}", "title": status.phrase, "status": status.value, "detail": detail}
    body |= {name: value for name, value in more.items() if value}
    return Response(json.dumps(body, default=str), status.value, dict(headers), mimetype=MEDIA_TYPE)


def problem_of(error: Exception) -> ProblemError | None:
    """Return what to answer to an error that an operation raised; None for one that is a fault of ours."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, InvalidError):
        return ProblemError(
            HTTPStatus.BAD_REQUEST, str(error), fields={error.field: [str(error)]}, error_id=error.error_id
        )
    if isinstance(error, ParamValidationError):
        fields = {"conf": [str(error)]}
        return ProblemError(HTTPStatus.BAD_REQUEST, str(error), fields=fields, error_id="param-invalid")
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
        return ProblemError(status, error.description or status.description)
    if isinstance(error, DBAPIError):
        return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, NO_DATABASE, headers={"Retry-After": str(BUSY_SECONDS)})
    found = next((status for kind, status in STATUSES.items() if isinstance(error, kind)), None)
    kind = getattr(error, "error_id", "") or IDS.get(type(error), "")
    headers = {"Retry-After": str(error.seconds)} if isinstance(error, BusyError) else None
    return (
        None
        if found is None
        else ProblemError(found, str(error), error_id=kind, headers=headers, fields=getattr(error, "fields", None))
    )


def install(app: Flask) -> None:
    """Have every error below /api answered as a problem, those of unknown paths and methods too."""

    @app.errorhandler(HTTPException)
    def answer(error: HTTPException) -> Response | HTTPException:
        if not request.path.startswith(PREFIX) or error.code is None:
            return error
        response = ProblemError(HTTPStatus(error.code), error.description or "").response()
        allowed = getattr(error, "valid_methods", None)
        if allowed:
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response
