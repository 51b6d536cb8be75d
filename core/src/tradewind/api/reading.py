"""Reading requests: what does not fit the schemas is a problem that names the field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from math import isfinite
from typing import Any, NoReturn

import marshmallow as ma
from flask import Request
from werkzeug.datastructures import MultiDict

from tradewind.access.operations import Scope
from tradewind.api.fields import DEEPEST, Words
from tradewind.api.problems import ProblemError
from tradewind.api.route import Route
from tradewind.api.schemas.common import shared

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
ALL = "~"


def read_request(route: Route, request: Request, query: MultiDict[str, str] | None = None) -> dict[str, Any]:
    """Return the operation's arguments.

    Arguments:
        query: what is read as what stands behind the question mark; None for that itself.
    Raises:
        ProblemError: something does not fit; status 400, 413 or 415.
    """
    arguments = dict(route.binds)
    arguments |= _read_path(route, request)
    if route.headers is not None:
        arguments |= _read_headers(shared(route.headers), request)
    asked = _read_query(route, request.args if query is None else query)
    mask = asked.pop("update_mask", None)
    arguments |= asked
    if route.body is None:
        _refuse_body(request)
        return arguments
    body = _read_body(shared(route.body), _read_json(request), mask)
    return arguments | (body if route.body_as is None else {route.body_as: body})


def _read_path(route: Route, request: Request) -> dict[str, Any]:
    """Return what stands in the path; where many DAGs are asked for, `~` stands for all and becomes None."""
    found = _load(route.parameters, request.view_args or {}, "the path")
    if route.operation.scope is not Scope.DAGS:
        return found
    return {name: None if value == ALL else value for name, value in found.items()}


def _read_headers(schema: ma.Schema, request: Request) -> dict[str, Any]:
    names = [each.data_key or name for name, each in schema.fields.items()]
    return _load(schema, {name: request.headers[name] for name in names if name in request.headers}, "the headers")


def _read_query(route: Route, args: MultiDict[str, str]) -> dict[str, Any]:
    if route.query is None:
        if unknown := list(args):
            _refuse({name: ["Unknown field."] for name in unknown}, "the query")
        return {}
    schema = shared(route.query)
    given: dict[str, Any] = {}
    for name, values in args.lists():
        field = next((each for key, each in schema.fields.items() if name == (each.data_key or key)), None)
        is_list = isinstance(field, ma.fields.List | Words)
        given[name] = values if is_list else values[-1]
    return _load(schema, given, "the query")


def _read_body(schema: ma.Schema, given: dict[str, Any], mask: list[str] | None) -> dict[str, Any]:
    loaded = _load(schema, given, "the body")
    if mask is None:
        return loaded
    if missing := [name for name in mask if name not in given]:
        _refuse({"update_mask": [f"The body has no {name!r}." for name in missing]}, "the query")
    counted = {each.attribute or name for name, each in schema.fields.items() if (each.data_key or name) in mask}
    return {name: value for name, value in loaded.items() if name in counted}


def _load(schema: ma.Schema, given: Mapping[str, Any], where: str) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(given)
    except ma.ValidationError as error:
        _refuse(error.messages_dict, where)
    return loaded


def _refuse(fields: Mapping[str, Any], where: str) -> NoReturn:
    name, first = next(iter(fields.items()))
    path = str(name)[:100]
    while not isinstance(first, str):
        if isinstance(first, Mapping):
            inner, first = next(iter(first.items()))
            path = f"{path}.{str(inner)[:100]}"
        else:
            first = next(iter(first))
    raise ProblemError(HTTPStatus.BAD_REQUEST, f"{path} in {where}: {first}", fields=fields)


def _refuse_body(request: Request) -> None:
    # An empty object is what some clients send with every POST
    if request.content_length and request.get_data() not in {b"", b"{}", b"null"}:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "This takes no body: leave it out.")


def _read_json(request: Request) -> dict[str, Any]:
    if request.mimetype not in {JSON, MERGE_PATCH}:
        raise ProblemError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"The body is {request.mimetype or 'of no type'!r}: send JSON, with the header Content-Type: {JSON}.",
        )
    try:
        value = json.loads(request.get_data(), parse_constant=_no_constant, parse_float=_finite)
    except RecursionError as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"The body is nested too deep: at most {DEEPEST} levels.") from error
    except ValueError as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"The body is no JSON: {error}.") from error
    if not isinstance(value, dict):
        raise ProblemError(HTTPStatus.BAD_REQUEST, 'The body is no JSON object: write {"name": value, …}.')
    for name, each in value.items():
        if _is_too_deep(each, DEEPEST):
            _refuse({name: [f"Nested too deep: at most {DEEPEST} levels."]}, "the body")
    return value


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text[:50]} is larger than any number that can be kept")
    return number


def _is_too_deep(value: Any, left: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    if left == 0:
        return True
    return any(_is_too_deep(each, left - 1) for each in (value.values() if isinstance(value, dict) else value))
