"""The audit log: who did what and when, and what it changed, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tradewind.access.audit import STARS
from tradewind.access.operations import TABLE
from tradewind.metadata.statements.audit import Event
from tradewind.operations.context import Context, operation
from tradewind.operations.event_logs import list_event_logs
from tradewind.operations.paging import Paging
from tradewind.web.pages.admin_schemas import AuditLogQuery
from tradewind.web.pages.page import Menu, Page

LOGINS = {
    "login": "Log in.",
    "login_failed": "Try to log in, with a wrong password.",
    "logout": "Log out.",
}
"""What the log tells of besides operations."""
MOST_LINES = 30
LONGEST = 200
"""Characters of a value that are shown."""
ABSENT = object()
NAMES = ("conn_id", "key", "username", "name", "id")
"""Under which the log has the name of what was changed, the surest first."""


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """An entry as the page shows it.

    Arguments:
        summary: what was done, in words; empty where nothing is known of it.
        via: how they came.
        about: the name of what was changed, where it is no DAG's.
        lines: what it changed, or what was asked for.
        is_cut: there are more lines.
    """

    row: Event
    summary: str
    via: str
    about: str
    lines: tuple[str, ...]
    is_cut: bool


@operation("event_logs.list")
def audit_log(
    context: Context,
    *,
    page: Paging,
    dag_id: str | None = None,
    owner: str | None = None,
    event: str | None = None,
    run_id: str | None = None,
    after: datetime | None = None,
    before: datetime | None = None,
) -> dict[str, Any]:
    """Return entries, the newest first."""
    filters = {"owner": owner, "event": event, "run_id": run_id, "after": after, "before": before}
    newest = Paging(page.limit, page.offset, "at", is_descending=True)
    found = list_event_logs(context, page=newest, dag_id=dag_id, filters=filters)
    names = sorted([*(each.name for each in TABLE.values() if each.is_audited), *LOGINS])
    return {
        "events": [shown(each) for each in found.rows],
        "total": found.total,
        "page": page,
        "names": names,
        "wanted": filters | {"dag_id": dag_id},
        "is_filtered": any(value is not None for value in (*filters.values(), dag_id)),
    }


def shown(row: Event) -> ShownEvent:
    """Return an entry in words."""
    told = _parsed(row.extra)
    about = _about(told)
    lines = list(changes(told))
    known = TABLE.get(row.event)
    summary = known.summary if known is not None else LOGINS.get(row.event, "")
    via = str(told.get("via", ""))
    return ShownEvent(row, summary, via, about, tuple(lines[:MOST_LINES]), len(lines) > MOST_LINES)


def changes(told: Mapping[str, Any]) -> Iterator[str]:
    """Yield what an entry says was changed: what is different before and after, or what there was, or is, or was asked for."""
    before, after = told.get("before"), told.get("after")
    if before is not None and after is not None:
        yield from _differences("", before, after)
        return
    there = [*_leaves("", before), *_leaves("", after)]
    word = "was" if after is None else "is"
    yield from (f"{name} {word} {_written(each)}".strip() for name, each in there)
    for name, value in told.items():
        if name not in {"via", "before", "after"}:
            more = _leaves("" if name == "asked" else name, value)
            yield from (f"{path}: {_written(each)}" for path, each in more if (path, each) not in there)


def _about(told: Mapping[str, Any]) -> str:
    parts = [each for each in (told.get("after"), told.get("before"), told.get("asked")) if isinstance(each, Mapping)]
    return next((str(part[name]) for name in NAMES for part in parts if part.get(name) is not None), "")


def _differences(path: str, before: Any, after: Any) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys((*before, *after)):
            inner = f"{path}.{name}" if path else str(name)
            yield from _differences(inner, before.get(name, ABSENT), after.get(name, ABSENT))
    elif isinstance(before, list) and isinstance(after, list):
        more = [each for each in after if each not in before]
        less = [each for each in before if each not in after]
        if more:
            yield f"{path}: added {_written(more)}".removeprefix(": ")
        if less:
            yield f"{path}: took away {_written(less)}".removeprefix(": ")
    elif before != after:
        yield _difference(path or "value", before, after)


def _difference(path: str, before: Any, after: Any) -> str:
    if before in (ABSENT, None):
        return f"{path} is now {_written(after)}"
    if after in (ABSENT, None):
        return f"{path} was {_written(before)}, and is none now"
    return f"{path} was {_written(before)}, and is now {_written(after)}"


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, each in value.items():
            yield from _leaves(f"{path}.{name}" if path else str(name), each)
    elif value is not None and value is not ABSENT:
        yield path, value


def _written(value: Any) -> str:
    if value is None or value is ABSENT:
        return "none"
    if value == STARS:
        return "a secret"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        # A list in a list is a pair, such as a permission
        text = (
            ", ".join(f"({_written(each)})" if isinstance(each, list) else _written(each) for each in value) or "none"
        )
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if text == "":
        return "empty"
    short = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return f"“{short}”" if isinstance(value, str) and " " in value else short


def _parsed(extra: str | None) -> dict[str, Any]:
    try:
        found = json.loads(extra or "{}")
    except ValueError:
        return {"said": extra}
    return found if isinstance(found, dict) else {"said": found}


PAGES = (Page("/audit-log", audit_log, "audit_log.html", query=AuditLogQuery, menu=Menu("Browse", "Audit log", 90)),)
