"""Operations done by a remote server: the same functions name them, and the REST API's own routes say how."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from importlib import import_module
from typing import Any, TypeVar, cast
from urllib.parse import quote, urlencode

import marshmallow as ma

from tradewind.access.operations import Scope
from tradewind.api.fields import Made
from tradewind.api.route import Route
from tradewind.cli.errors import CommandError
from tradewind.cli.remote.http import Answer, Server
from tradewind.operations.context import Named
from tradewind.operations.errors import BusyError, ConflictError, InvalidError, NotFoundError, RowsError
from tradewind.operations.lines import Lines
from tradewind.operations.paging import ALL, Page, Paging

Result = TypeVar("Result")
PAGE = 100  # rows of one request
EVERYTHING = "~"


class Record(dict[str, Any]):
    """A row as the server gave it, read like the row of a statement."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(name) from error


class RemoteOperations:
    """Has a server do operations."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def ask(self, run: Named[..., Result], **arguments: Any) -> Result:
        """Have one operation done and return its result.

        Raises:
            NotFoundError, ConflictError, InvalidError: as the operation itself would.
            CommandError: the server refuses who asks, or cannot be asked.
        """
        route = _route_of(run, arguments)
        answer = self._server.ask(route.method, _path(route, arguments), _body(route, arguments))
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise self._error(answer)
        return cast("Result", _loaded(route, answer.value))

    def ask_all(self, run: Named[..., Page[Result]], *, page: Paging = ALL, **arguments: Any) -> list[Result]:
        """Return the rows of a list that `page` asks for, 100 with each request."""
        rows: list[Result] = []
        while len(rows) < page.limit:
            part = replace(page, limit=min(PAGE, page.limit - len(rows)), offset=page.offset + len(rows))
            found = self.ask(run, page=part, **arguments)
            rows += found.rows
            if not found.rows or len(rows) >= found.total - page.offset:
                break
        return rows

    def ask_lines(self, run: Named[..., Lines], **arguments: Any) -> Generator[Mapping[str, Any], None, None]:
        """Have an operation done that tells line by line, and yield each line when it comes; raises as `ask` does."""
        route = _route_of(run, arguments)
        for answer in self._server.ask_lines(route.method, _path(route, arguments)):
            if answer.status >= HTTPStatus.BAD_REQUEST:
                raise _busy(answer) or self._error(answer)
            yield answer.value

    def _error(self, answer: Answer) -> Exception:
        detail = answer.detail or f"the server answers {answer.status}"
        kind = answer.value.get("error_id", "") if isinstance(answer.value, dict) else ""
        match answer.status:
            case HTTPStatus.NOT_FOUND:
                return NotFoundError(detail, error_id=kind)
            case HTTPStatus.CONFLICT:
                fields = answer.value.get("fields")
                return RowsError(detail, fields, error_id=kind) if fields else ConflictError(detail, error_id=kind)
            case HTTPStatus.BAD_REQUEST:
                return InvalidError(_first(answer.value.get("fields")), detail, error_id=kind)
            case HTTPStatus.UNAUTHORIZED:
                way = "set TRADEWIND_TOKEN to a token that `tradewind tokens create` has made there"
                return CommandError(
                    f"{self._server.place} does not know who asks: {detail} ({way})", error_id="server-login"
                )
            case HTTPStatus.FORBIDDEN:
                return CommandError(detail, error_id=kind or "no-permission")
        return CommandError(f"{self._server.place} cannot do it: {detail}", error_id=kind or "server-unreachable")


def _first(fields: Any) -> str:
    """Return the path of the first field that is wrong, such as `pools.3.slots`; an empty text where none is named."""
    path: list[str] = []
    while isinstance(fields, Mapping) and fields:
        name, fields = next(iter(fields.items()))
        path.append(str(name))
    return ".".join(path)


def _busy(answer: Answer) -> BusyError | None:
    """Return the error that says when one may ask again; None where the server says nothing of that."""
    if answer.status != HTTPStatus.SERVICE_UNAVAILABLE or answer.retry_after is None:
        return None
    return BusyError(answer.detail, seconds=answer.retry_after)


def _route_of(run: Named[..., Any], arguments: Mapping[str, Any]) -> Route:
    """Return the route with the most parameters that the arguments fill."""
    noun = run.__module__.removeprefix("tradewind.operations.").partition(".")[0]
    routes = import_module(f"tradewind.api.routes.{noun}").ROUTES
    fitting = [route for route in routes if route.run is run and _fills(route, arguments)]
    found = cast("Route", max(fitting, key=lambda each: (len(_given(each, arguments)), -len(each.parameters.fields))))
    _require_place(found, arguments)
    return found


def _require_place(route: Route, arguments: Mapping[str, Any]) -> None:
    """Return if a request to the route says all that is asked for: what it left out could be what keeps it from doing more.

    Functions are left out: they are called here, or not at all.

    Raises:
        TypeError: the route has no place for an argument; a fault of the verb, or a field that its schemas should have.
    """
    schemas = [schema() for schema in (route.query, route.body, route.headers) if schema is not None]
    known = {each.attribute or name for schema in (route.parameters, *schemas) for name, each in schema.fields.items()}
    given = arguments if route.query is None else route.query().taken_apart(arguments)
    left = {name for name, value in given.items() if value is not None and not callable(value)} - known
    left -= {route.body_as}
    if left:
        raise TypeError(f"{route.method} {route.path} has no place for {', '.join(sorted(left))}.")


def _fills(route: Route, arguments: Mapping[str, Any]) -> bool:
    return route.operation.scope is Scope.DAGS or len(_given(route, arguments)) == len(route.parameters.fields)


def _given(route: Route, arguments: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: arguments.get(each.attribute or name) for name, each in route.parameters.fields.items()}
    return {name: value for name, value in values.items() if value is not None}


def _path(route: Route, arguments: Mapping[str, Any]) -> str:
    # Where many DAGs are asked for, what is not named stands for all
    values = dict.fromkeys(route.parameters.fields, EVERYTHING) | _given(route, arguments)
    path = route.path.format(**{name: quote(str(value), safe="") for name, value in values.items()})
    if route.query is None:
        return path
    schema = route.query()
    query = urlencode(list(_query(schema, schema.taken_apart(arguments))))
    return f"{path}?{query}" if query else path


def _query(schema: ma.Schema, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, each in schema.fields.items():
        value = given.get(each.attribute or name)
        if value is None:
            continue
        written = each.serialize(name, {each.attribute or name: value})
        for one in written if isinstance(written, list | tuple) else [written]:
            yield each.data_key or name, str(one).lower() if isinstance(one, bool) else str(one)


def _body(route: Route, arguments: Mapping[str, Any]) -> Any:
    if route.body is None:
        return None
    given = arguments[route.body_as] if route.body_as is not None else arguments
    schema = route.body()
    known = {each.attribute or name for name, each in schema.fields.items()}
    return schema.dump({name: value for name, value in given.items() if name in known and value is not None})


def _loaded(route: Route, value: Any) -> Any:
    if route.answer is None:
        return value
    if route.is_many:
        return [_record(route.answer(), each) for each in value]
    record = _record(route.answer(), value)
    if set(record) == {"rows", "total"}:
        return Page(cast("Sequence[Record]", record.rows), record.total)
    return record


def _record(schema: ma.Schema, value: Mapping[str, Any]) -> Record:
    """Return an answer under the names that the operation's own result has."""
    made = Record()
    for name, each in schema.fields.items():
        given = value.get(each.data_key or name)
        *within, last = (each.attribute or name).split(".")
        place = made
        for part in within:
            place = place.setdefault(part, Record())
        if given is None:
            place[last] = each.null if isinstance(each, Made) else None
        else:
            place[last] = _value(each, given)
    return made


def _value(field: ma.fields.Field[Any], given: Any) -> Any:
    if isinstance(field, ma.fields.Nested):
        return [_record(field.schema, each) for each in given] if field.many else _record(field.schema, given)
    if type(field) is ma.fields.List:  # one of our own knows itself how it is read
        return [_value(field.inner, each) for each in given]
    if isinstance(field, Made) and field.reads is not None:
        return field.reads(given)
    if isinstance(field, ma.fields.Function | ma.fields.Method | ma.fields.Constant):
        return given
    return field.deserialize(given)
