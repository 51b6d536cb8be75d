"""`/api/v1` as a Flask blueprint: from a request to an operation and back."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from functools import cache, partial
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Request, Response, request
from marshmallow.fields import List

from tradewind.access.actors import Actor
from tradewind.api.document import make_document
from tradewind.api.late_rules import LateRule
from tradewind.api.problems import ProblemError, problem_of
from tradewind.api.reading import read_request
from tradewind.api.route import Route
from tradewind.api.routes import ROUTES
from tradewind.api.schemas.common import FIELDS, TOTAL, Schema, shared
from tradewind.operations.context import Context, Tools

log = logging.getLogger(__name__)

PREFIX = "/api/v1"
JSON, TEXT = "application/json", "text/plain"
Authenticate = Callable[[Request], Actor]
NOBODY = Actor("nobody", None, frozenset(), via="nobody")


def make_blueprint(tools: Tools, authenticate: Authenticate, routes: Sequence[Route] = ROUTES) -> Blueprint:
    """Return the REST API.

    Arguments:
        tools: what operations work with.
        authenticate: tells who sends a request; raises `ProblemError` (401, 403, 429) where nobody may.
        routes: what is answered.
    """
    blueprint = Blueprint("api", __name__, url_prefix=PREFIX)
    blueprint.record(lambda state: setattr(state.app, "url_rule_class", LateRule))
    for route in routes:
        blueprint.add_url_rule(
            route.flask_path,
            endpoint=f"{route.method} {route.path}".replace(".", ""),
            view_func=partial(_answer, route, tools, authenticate),
            methods=[route.method],
            provide_automatic_options=False,
        )
    document = cache(lambda: json.dumps(make_document(routes)))  # takes a second, which no start should wait for

    @blueprint.get("/openapi.json")
    def openapi() -> Response:
        return Response(document(), mimetype="application/json")

    return blueprint


def _answer(route: Route, tools: Tools, authenticate: Authenticate, **_in_path: str) -> Response:
    try:
        actor = NOBODY if route.operation.is_open else authenticate(request)
        arguments = read_request(route, request)
        wanted = arguments.pop(FIELDS, None)
        return _written(route, route.run(Context(actor, tools), **arguments), wanted)
    except Exception as error:
        problem = problem_of(error)
        if problem is None:
            log.exception("%s %s failed", request.method, request.path)
            problem = ProblemError(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                "A fault of the server, which its log tells more about: please report it.",
            )
        return problem.response()


def _written(route: Route, result: Any, wanted: Sequence[str] | None) -> Response:
    if route.render is not None:
        return route.render(result)
    if route.answer is None:
        return Response(status=route.status)
    schema = route.answer(only=_only(route.answer, wanted)) if wanted else shared(route.answer)
    body = schema.dump(result, many=route.is_many)
    if route.text is not None and request.accept_mimetypes.best_match([JSON, TEXT]) == TEXT:
        return Response(route.text(body), route.status, mimetype=TEXT)
    return Response(json.dumps(body), route.status, mimetype=route.media_type)


def _only(answer: type[Schema], wanted: Sequence[str]) -> list[str]:
    """Return the fields of an answer that are asked for; those of a page are meant of its rows."""
    fields = shared(answer).fields
    rows = next((name for name, each in fields.items() if isinstance(each, List)), None)
    if rows is None or TOTAL not in fields:
        return list(wanted)
    return [TOTAL, *(f"{rows}.{name}" for name in wanted)]
