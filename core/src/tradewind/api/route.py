"""A route: which operation answers to a method and a path, and what goes in and comes out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Response

from tradewind.access.operations import Operation
from tradewind.api.parameters import IN_SEVERAL_PARTS, PARAMETERS
from tradewind.api.schemas.common import Schema
from tradewind.operations.context import Named

_PARAMETER = re.compile(r"{(\w+)}")


@dataclass(frozen=True)
class Route:
    """One method of one path below `/api/v1`; pure data, from which requests are answered and the document is made.

    Arguments:
        method: of HTTP.
        path: with parameters in braces, as OpenAPI writes them; each must be in `PARAMETERS`.
        run: the operation; it gets the values of path, query and body as keyword arguments.
        query: schema of what stands behind the question mark; None takes nothing. Its field `fields` says which fields the
            answer is to have, and is not the operation's.
        headers: schema of the headers that it takes.
        body: schema of the JSON body; None takes none.
        body_as: the operation's argument that gets the whole body; None gives it each value by its name.
        answer: schema of the answer; None where `status` is 204, or where `render` writes something else.
        is_many: whether the answer is an array of `answer`.
        status: of the answer when all went well.
        render: writes the answer where it is no JSON; given the operation's result.
        text: writes the answer as plain text for who prefers that; given what `answer` makes of the operation's result.
        media_type: of what `render` writes.
        name: of the operation in the document, for clients that are made from it; by default the function's.
        binds: arguments that this route always gives.
    """

    method: str
    path: str
    run: Named[..., Any]
    query: type[Schema] | None = None
    headers: type[Schema] | None = None
    body: type[Schema] | None = None
    body_as: str | None = None
    answer: type[Schema] | None = None
    is_many: bool = False
    status: int = 200
    render: Callable[[Any], Response] | None = None
    text: Callable[[Any], str] | None = None
    media_type: str = "application/json"
    name: str | None = None
    binds: tuple[tuple[str, Any], ...] = ()

    @property
    def operation(self) -> Operation:
        """The entry of the table of operations."""
        return self.run.operation

    @property
    def operation_id(self) -> str:
        """The name in the document."""
        return self.name or self.run.__name__

    @cached_property
    def parameters(self) -> Schema:
        """The schema of what stands in the path."""
        names = _PARAMETER.findall(self.path)
        made = type("Path", (Schema,), {name: PARAMETERS[name] for name in names})
        schema: Schema = made()
        return schema

    @property
    def flask_path(self) -> str:
        """The path as Flask writes it."""
        return _PARAMETER.sub(lambda found: f"<{'path:' if found[1] in IN_SEVERAL_PARTS else ''}{found[1]}>", self.path)
