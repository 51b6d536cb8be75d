"""The OpenAPI 3.0 document, made from the routes, their schemas and the table of operations."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import marshmallow as ma
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import fields

from tradewind.access.operations import Operation
from tradewind.api.fields import Instant, Json, JsonObject, Words
from tradewind.api.problems import MEDIA_TYPE
from tradewind.api.route import Route
from tradewind.version import VERSION

OPENAPI = "3.0.3"
TEXT = (
    "The paths, shapes and rules of Apache Airflow 2's stable API, and beyond them what Tradewind alone has. Lists take "
    "`limit` and `offset`; `~` stands for every DAG or run; errors are `application/problem+json`."
)
ALWAYS = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS,
          HTTPStatus.SERVICE_UNAVAILABLE)  # fmt: skip
# Of fields that name no example of their own
EXAMPLES: dict[type[fields.Field[Any]], Any] = {
    Instant: "2026-11-23T12:00:00+00:00",
    fields.Boolean: False,
    fields.Integer: 0,
    fields.Float: 0.5,
    fields.Dict: {},
    JsonObject: {},
}
WITH_BODY = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
PROBLEM = {
    "type": "object",
    "description": "What is wrong with a request (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "example": "urn:tradewind:problem:not-found"},
        "title": {"type": "string", "example": "Not Found"},
        "status": {"type": "integer", "example": 404},
        "detail": {"type": "string", "example": "There is no pool 'reports'."},
        "error_id": {
            "type": "string",
            "example": "no-such-pool",
            "description": "The kind; `tradewind explain` has a page on it.",
        },
        "fields": {"type": "object", "additionalProperties": True, "description": "For each wrong field, what is."},
    },
}


class _Shapes(MarshmallowPlugin):
    """Also knows our own kinds of values."""

    def init_spec(self, spec: APISpec) -> None:
        """Called by apispec, which makes its converter here."""
        super().init_spec(spec)
        if self.converter is not None:
            self.converter.add_attribute_function(_shape)  # type: ignore[no-untyped-call]  # apispec's


def make_document(routes: Sequence[Route]) -> dict[str, Any]:
    """Return the document as JSON values."""
    plugin = _Shapes(schema_name_resolver=_schema_name)
    spec = APISpec(
        title="Tradewind", version=VERSION, openapi_version=OPENAPI, plugins=[plugin],
        info={"description": TEXT, "license": {"name": "Apache-2.0"}}, servers=[{"url": "/api/v1"}],
    )  # fmt: skip
    spec.components.schema("Problem", PROBLEM)
    spec.components.security_scheme("Basic", {"type": "http", "scheme": "basic"})
    spec.components.security_scheme("Bearer", {"type": "http", "scheme": "bearer"})
    for route in routes:
        made = _operation(route)
        if links := _links(route, routes):
            made["responses"][str(route.status)]["links"] = links
        spec.path(route.path, operations={route.method.lower(): made})
    document: dict[str, Any] = spec.to_dict()
    document["tags"] = [{"name": name} for name in sorted({_tag(route.operation) for route in routes})]
    return document


def example_of(schema: ma.Schema, *, is_loaded: bool) -> dict[str, Any]:
    """Return an example of what a schema describes, made of its fields' examples.

    Arguments:
        is_loaded: of a request, else of an answer.
    """
    left_out = "dump_only" if is_loaded else "load_only"
    return {
        each.data_key or name: _field_example(each, is_loaded=is_loaded)
        for name, each in schema.fields.items()
        if not getattr(each, left_out)
    }


def _field_example(field: fields.Field[Any], *, is_loaded: bool) -> Any:
    if "example" in field.metadata:
        return field.metadata["example"]
    if isinstance(field, fields.List):
        return [_field_example(field.inner, is_loaded=is_loaded)]
    if isinstance(field, fields.Nested):
        inner = example_of(field.schema, is_loaded=is_loaded)
        return [inner] if field.many else inner
    if isinstance(field, fields.Constant):
        return field.constant
    found = next((example for kind, example in EXAMPLES.items() if isinstance(field, kind)), "text")
    return None if field.allow_none and found == "text" else found


def _operation(route: Route) -> dict[str, Any]:
    described = route.operation
    needs = [f"{each.action} on {each.resource}" for each in described.needs]
    text = (inspect.getdoc(route.run) or "").partition("\n\n")[0]
    made: dict[str, Any] = {
        "operationId": route.operation_id,
        "summary": described.summary,
        "description": f"{text}\n\nNeeds: {', '.join(needs) or 'nothing: it is open to everybody'}.",
        "tags": [_tag(described)],
        "x-operation": described.name,
        "x-permissions": needs,
        "security": [] if described.is_open else [{"Basic": []}, {"Bearer": []}],
        "parameters": _parameters(route),
        "responses": _responses(route),
    }
    if route.body is not None:
        content = {"schema": route.body, "example": example_of(route.body(), is_loaded=True)}
        made["requestBody"] = {"required": True, "content": {"application/json": content}}
    return made


def _parameters(route: Route) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    if route.parameters.fields:
        made.append({"in": "path", "schema": type(route.parameters)})
    if route.query is not None:
        made.append({"in": "query", "schema": route.query})
    if route.headers is not None:
        made.append({"in": "header", "schema": route.headers})
    return made


def _responses(route: Route) -> dict[str, Any]:
    done: dict[str, Any] = {"description": HTTPStatus(route.status).phrase}
    if route.answer is not None:
        shape: Any = {"type": "array", "items": route.answer} if route.is_many else route.answer
        example: Any = example_of(route.answer(), is_loaded=False)
        done["content"] = {route.media_type: {"schema": shape, "example": [example] if route.is_many else example}}
        if route.text is not None:
            done["content"]["text/plain"] = {"schema": {"type": "string"}, "example": route.text(example)}
    elif route.render is not None:
        done["content"] = {route.media_type: {"schema": {"type": "string"}, "example": ""}}
    answers: dict[str, Any] = {str(route.status): done}
    expected = list(ALWAYS)
    if route.parameters.fields or route.query is not None or route.method != "GET":
        expected += [HTTPStatus.NOT_FOUND]  # what is named in path, query or body
    if route.method != "GET":
        expected += [HTTPStatus.CONFLICT]
    if route.body is not None:
        expected += WITH_BODY
    for status in expected:
        content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        answers[str(status.value)] = {"description": status.phrase, "content": content}
    return answers


def _links(route: Route, routes: Sequence[Route]) -> dict[str, Any]:
    """Return what can be asked next about what an answer names: paths that go on from this one by what stands in it."""
    if route.answer is None or route.is_many:
        return {}
    before = "$response.body#"
    schema: ma.Schema = route.answer()
    key, rows = next(((name, each) for name, each in schema.fields.items() if each.attribute == "rows"), ("", None))
    if isinstance(rows, fields.List) and isinstance(rows.inner, fields.Nested):
        before, schema = f"{before}/{key}/0", rows.inner.schema
    stated = {each.data_key or name for name, each in schema.fields.items()}
    known = {name: f"$request.path.{name}" for name in route.parameters.fields}
    links = {}
    for other in routes:
        names = other.parameters.fields
        if other is route or not names or not other.path.startswith(route.path.rpartition("/{")[0] or route.path):
            continue
        found = known | {
            name: f"{before}/{field}"
            for name, each in names.items()
            for field in (name, each.attribute or name)
            if name not in known and field in stated
        }
        if set(names) <= set(found):
            links[other.operation_id] = {
                "operationId": other.operation_id,
                "parameters": {name: found[name] for name in names},
            }
    return links


def _tag(described: Operation) -> str:
    return described.name.partition(".")[0]


def _schema_name(schema: Any) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    name: str = kind.__name__
    return name.removesuffix("Schema")


def _shape(_converter: Any, field: fields.Field[Any], **_: Any) -> dict[str, Any]:
    """Tell apispec what our own kinds of values are."""
    if isinstance(field, Instant):
        return {"type": "string", "format": "date-time"}
    if isinstance(field, JsonObject):
        return {"type": "object", "additionalProperties": True}
    if isinstance(field, Words):
        return {"type": "string", "minLength": 1}
    if isinstance(field, Json):
        return {"nullable": True}
    if isinstance(field, ma.fields.Constant):
        return {"enum": [field.constant]}
    return {}
