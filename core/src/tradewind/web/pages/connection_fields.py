"""The fields of a connection's form, made from what its type's provider says; secrets never stand in them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tradewind_plugins.connection import Connection
from tradewind_plugins.declarations import ConnectionType, FormField

from tradewind.operations.starring import STARS
from tradewind.plugins.current import registry
from tradewind.plugins.known import hint_for_name

GENERIC = "generic"
"""A type for connections that only people's own code uses."""
PASSWORD = "password"  # noqa: S105 - the name of the part
OWN: Mapping[str, tuple[str, str]] = {
    "host": ("Host", "string"),
    "schema": ("Schema", "string"),
    "login": ("Login", "string"),
    PASSWORD: ("Password", "string"),
    "port": ("Port", "integer"),
}
"""What every connection has a place for, in the order of the form: what it is called, and its kind."""
YES = ("true", "1", "yes", "on")


@dataclass(frozen=True, slots=True)
class ShownField:
    """A field as the template draws it.

    Arguments:
        is_own: it is one of the connection's own parts; else a key of its extra.
        kind: `string`, `integer`, `boolean`, `text`, `json`, `choice` or `secret`.
        value: what stands in it; empty for a secret. Of a boolean `true`, `false`, or empty: then the type's own rule counts.
        is_kept: a secret that is there, and stays when nothing is written into the field.
    """

    name: str
    label: str
    kind: str
    is_own: bool
    value: str = ""
    placeholder: str = ""
    is_required: bool = False
    is_kept: bool = False
    choices: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ConnectionForm:
    """The fields of a form.

    Arguments:
        was: the extra as JSON, its secrets starred, to which the fields are applied; empty where there is none.
        rest: what of the extra has no field, as JSON; or all of it, where it is no object.
        is_whole: the extra has no fields of its own, as it is no object.
        summary: a sentence about the type.
        missing: what to say of a type that nothing installed has.
    """

    fields: Sequence[ShownField]
    was: str
    rest: str
    is_whole: bool
    summary: str
    missing: str


def types_for(conn_type: str | None) -> list[tuple[str, str]]:
    """Return the types to choose from, each with what people call it, by that; the given one is among them."""
    found = {each.name: each.label for each in _declared()}
    found.setdefault(GENERIC, "Generic: nothing installed uses it")
    if conn_type:
        found.setdefault(conn_type, conn_type)
    return sorted(found.items(), key=lambda each: each[1].lower())


def form_of(conn_type: str, stored: Connection | None) -> ConnectionForm:
    """Return the form of a connection.

    Arguments:
        stored: what there is, its secrets starred; None for a new one.
    """
    declared = next((each for each in _declared() if each.name == conn_type), None)
    extra, is_whole = _extra_of(stored)
    told = declared.fields if declared is not None else ()
    named = {each.name for each in told}
    plain = [FormField(name=name) for name in OWN if name not in named]
    fields = [
        _own(each, stored) if each.name in OWN else _further(each, extra)
        for each in (*told, *plain)
        if _is_shown(each, stored, extra, is_whole=is_whole)
    ]
    # Own parts first, as they stand in every form; within them and behind them in the provider's order
    order = [*(each for each in fields if each.is_own), *(each for each in fields if not each.is_own)]
    shown = {each.name for each in order if not each.is_own}
    rest = {name: value for name, value in extra.items() if name not in shown}
    text = (stored.extra or "") if stored is not None else ""
    return ConnectionForm(
        order,
        was=text if extra else "",
        rest=text if is_whole else (_json(rest) if rest else ""),
        is_whole=is_whole,
        summary=declared.summary if declared is not None else "",
        missing=_missing(conn_type) if declared is None else "",
    )


def _declared() -> list[ConnectionType]:
    return [each for each in registry().all("connection type") if isinstance(each, ConnectionType)]


def _missing(conn_type: str) -> str:
    if conn_type in {"", GENERIC}:
        return ""
    hint = hint_for_name("connection type", conn_type)
    return f"Nothing installed has the connection type {conn_type!r}{hint or ', so it cannot be tested'}."


def _extra_of(stored: Connection | None) -> tuple[dict[str, Any], bool]:
    """Return the extra as a dict, and whether it is something else."""
    if stored is None or not stored.extra:
        return {}, False
    try:
        found = json.loads(stored.extra)
    except ValueError:
        return {}, True
    return (found, False) if isinstance(found, dict) else ({}, True)


def _is_shown(field: FormField, stored: Connection | None, extra: Mapping[str, Any], *, is_whole: bool) -> bool:
    if field.name in OWN:
        # What is there is shown, whatever the type says of it: else nobody could take it away
        return not field.hidden or (stored is not None and getattr(stored, field.name) not in (None, ""))
    return not is_whole and (not field.hidden or field.name in extra)


def _own(field: FormField, stored: Connection | None) -> ShownField:
    label, kind = OWN[field.name]
    value = getattr(stored, field.name) if stored is not None else None
    if field.name == PASSWORD or field.secret:
        kind = "secret"
    elif field.choices:
        kind = "choice"
    elif field.name != "port":
        kind = field.kind
    is_secret = kind == "secret"
    return ShownField(
        field.name,
        field.label or label,
        kind,
        is_own=True,
        value="" if value is None or is_secret else str(value),
        placeholder=field.placeholder,
        is_required=field.required,
        is_kept=is_secret and bool(value),
        choices=_choices(field, value),
    )


def _further(field: FormField, extra: Mapping[str, Any]) -> ShownField:
    value = extra.get(field.name)
    is_secret = field.secret or value == STARS
    kind = "secret" if is_secret else "choice" if field.choices else field.kind
    return ShownField(
        field.name,
        field.label or field.name,
        kind,
        is_own=False,
        value="" if is_secret else _text(kind, value),
        placeholder=field.placeholder,
        is_required=field.required,
        is_kept=is_secret and value not in (None, ""),
        choices=_choices(field, value),
    )


def _choices(field: FormField, value: Any) -> Sequence[str]:
    """Return what can be chosen; a value that is there stays one, as it would be lost otherwise."""
    if not field.choices or value in (None, "", *field.choices):
        return field.choices
    return (*field.choices, str(value))


def _text(kind: str, value: Any) -> str:
    if value is None:
        return ""
    if kind == "boolean":
        return "true" if str(value).lower() in YES else "false"
    return value if isinstance(value, str) and kind != "json" else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
