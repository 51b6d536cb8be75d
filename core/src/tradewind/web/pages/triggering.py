"""The form that triggers a run, made from the params of the DAG's newest version."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tradewind.authoring.params import Param
from tradewind.operations.context import Context, operation
from tradewind.operations.dags.reading import get_dag
from tradewind.operations.finding import newest_graph
from tradewind.web.pages.page import Page

LINES = "multiline"
INPUTS: Mapping[str, str] = {"date": "date", "date-time": "datetime-local", "time": "time"}


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a form, made from a param.

    Arguments:
        name: of the param.
        kind: `text`, `lines`, `number`, `boolean`, `choice`, `json`, or a type of HTML's inputs.
        value: what stands in it at first, as a text.
        choices: what can be chosen, each with what it is called.
        bounds: HTML's attributes that the browser checks by.
    """

    name: str
    title: str
    help: str
    kind: str
    value: str
    is_required: bool
    choices: Sequence[tuple[str, str]]
    bounds: Mapping[str, Any]


@operation("runs.trigger")
def trigger_page(context: Context, *, dag_id: str) -> dict[str, Any]:
    """Return the fields of the form."""
    view = get_dag(context, dag_id=dag_id)
    with context.read() as connection:
        params = newest_graph(context, connection, dag_id).params
    return {"dag": view, "fields": [field_of(name, param) for name, param in params.items()], "tab": ""}


def field_of(name: str, param: Param) -> FormField:
    """Return the field for a param, by its JSON schema; what no field fits is written as JSON."""
    schema = dict(param.schema or {})
    value = param.value
    kind = _kind(schema, value)
    choices = [
        (json.dumps(each), str(schema.get("values_display", {}).get(each, each))) for each in schema.get("enum", [])
    ]
    bounds = {
        html: schema[key]
        for key, html in (
            ("minimum", "min"),
            ("maximum", "max"),
            ("minLength", "minlength"),
            ("maxLength", "maxlength"),
            ("pattern", "pattern"),
        )
        if key in schema
    }
    return FormField(
        name,
        str(schema.get("title", name)),
        str(param.description or schema.get("description_md", "")),
        kind,
        _text(kind, value),
        not param.has_default,
        choices,
        bounds,
    )


def _types(schema: Mapping[str, Any]) -> list[str]:
    found = schema.get("type", [])
    return [found] if isinstance(found, str) else list(found)


def _kind(schema: Mapping[str, Any], value: Any) -> str:
    if "enum" in schema:
        return "choice"
    types = [each for each in _types(schema) if each != "null"]
    if not types:
        types = [{bool: "boolean", int: "number", float: "number", str: "string"}.get(type(value), "object")]
    if types == ["boolean"]:
        return "boolean"
    if types[0] in {"integer", "number"} and len(types) == 1:
        return "number"
    if types == ["string"]:
        form = str(schema.get("format", ""))
        return "lines" if form == LINES else INPUTS.get(form, "text")
    return "json"


def _text(kind: str, value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value) if kind in {"json", "choice", "boolean"} else str(value)


PAGES = (Page("/dags/{dag_id}/trigger", trigger_page, "trigger.html"),)
