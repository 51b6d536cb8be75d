"""The OpenAPI 3.0 document of the execution API, made from its routes and schemas."""

from __future__ import annotations

from functools import cache
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from tradewind.api.execution import schemas
from tradewind.api.execution.routes import ROUTES
from tradewind.execution.http.wire import BYTES, JSON, PREFIX, PROBLEM, VERSION

WORKER = {"name": "worker", "in": "path", "required": True, "schema": {"type": "string"}}
REFUSALS = {
    "400": "The body is not as it should be; `errors` names the fields.",
    "401": "The token is missing, forged or has expired.",
    "403": "The token is another worker's or another try's, the try was overtaken, or the API is off.",
    "409": "The worker was declared ended, or this server's database does not know it.",
    "413": "The body is too large.",
    "422": "It cannot be recorded, now or later.",
    "426": "The version is not one that this server speaks.",
    "503": "The database cannot be reached; the same call again is the cure.",
}


@cache
def document() -> dict[str, Any]:
    """Return the document."""
    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec(
        title="Tradewind execution API",
        version=str(VERSION),
        openapi_version="3.0.3",
        info={"description": "What workers without the metadata database say to a web server."},
        plugins=[plugin],
        servers=[{"url": PREFIX}],
    )
    assert plugin.converter is not None  # noqa: S101  (for the type checker: init_spec has made it)
    plugin.converter.add_attribute_function(_tuple)  # type: ignore[no-untyped-call]  # apispec's
    for name, what in (("credential", "a worker's, made of the secret"), ("pass", "of one dispatch of a try")):
        scheme = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": what}
        spec.components.security_scheme(name, scheme)
    for route in ROUTES:
        operation = _operation(route.summary, route.path.replace("/", "-"), route.answer, body=route.body)
        spec.path(f"/workers/{{worker}}/{route.path}", parameters=[WORKER], operations={"post": operation})
    for path, parameters, method, operation in _others():
        spec.path(path, parameters=parameters, operations={method: operation})
    return spec.to_dict()


def _name(schema: Any) -> str:
    cls = schema if isinstance(schema, type) else type(schema)
    return str(cls.__name__).removesuffix("Schema")


def _tuple(_converter: Any, field: Any, **_rest: Any) -> dict[str, Any]:
    """Say of a pair what OpenAPI 3.0 can say."""
    if isinstance(field, schemas.TryField):
        return {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}
    return {}


def _operation(
    summary: str,
    name: str,
    answer: type[Schema] | None,
    *,
    body: type[Schema] | None = None,
    security: str = "credential",
) -> dict[str, Any]:
    content: dict[str, Any] = {JSON: {"schema": answer}} if answer else {BYTES: {"schema": _BYTES}}
    problem = {PROBLEM: {"schema": schemas.ProblemSchema}}
    made: dict[str, Any] = {
        "summary": summary,
        "operationId": name,
        "security": [{security: []}],
        "responses": {
            "200": {"description": "It is done.", "content": content},
            **{status: {"description": text, "content": problem} for status, text in REFUSALS.items()},
        },
    }
    if body is not None:
        made["requestBody"] = {"required": True, "content": {JSON: {"schema": body}}}
    return made


_BYTES = {"type": "string", "format": "binary"}


def _parameter(name: str, kind: str = "integer", *, where: str = "path", required: bool = True) -> dict[str, Any]:
    return {"name": name, "in": where, "required": required, "schema": {"type": kind}}


def _others() -> list[tuple[str, list[dict[str, Any]], str, dict[str, Any]]]:
    """Return the paths that bring or answer something else than a worker's JSON."""
    pair = [_parameter("instance"), _parameter("token")]
    wait = _operation("Wait until there may be something to claim", "wait", schemas.WaitedSchema)
    store = _operation("Send a large XCom, before the message that tells of it", "store", schemas.StoredSchema)
    store["requestBody"] = {"required": True, "content": {BYTES: {"schema": _BYTES}}}
    ask = schemas.AskSchema
    answer = _operation("Answer what a running task asks", "answer", schemas.AnsweredSchema, body=ask, security="pass")
    called = _operation(
        "Answer what a callback asks", "answer-callback", schemas.AnsweredSchema, body=ask, security="pass"
    )
    source = _operation("Fetch a compressed blob of sources by its hash", "source", None)
    value = _operation("Fetch a large XCom by its handle", "value", None)
    for each in (source, value):
        each["responses"]["404"] = {
            "description": "There is none.",
            "content": {PROBLEM: {"schema": schemas.ProblemSchema}},
        }
    wanted = _parameter("storage", "string", where="query", required=False)
    query = [_parameter("executor", "string", where="query"), _parameter("mark", "string", where="query")]
    query.append(_parameter("seconds", "number", where="query"))
    return [
        ("/workers/{worker}/wait", [WORKER, *query], "get", wait),
        ("/workers/{worker}/sources/{source_hash}", [WORKER, _parameter("source_hash", "string")], "get", source),
        ("/workers/{worker}/values", [WORKER, _parameter("handle", "string", where="query")], "get", value),
        (
            "/workers/{worker}/tries/{instance}/{token}/values",
            [WORKER, *pair, _parameter("key", "string", where="query"), wanted],
            "put",
            store,
        ),
        ("/tries/{instance}/{token}/answer", pair, "post", answer),
        ("/callbacks/{callback}/{token}/answer", [_parameter("callback"), pair[1]], "post", called),
    ]
