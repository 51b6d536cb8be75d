"""The audit log: one row for each change and each login, written with the change itself, secrets starred."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.access.actors import Actor
from tradewind.execution.masking import is_sensitive
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import audit

STARS = "***"
LONGEST = 2000
"""Characters of one text that are kept; what is beyond is left out with a mark."""
NAME = 250


def record(
    connection: sa.Connection,
    *,
    actor: Actor,
    event: str,
    now: datetime,
    ids: Ids,
    dag_id: str | None = None,
    run_id: str | None = None,
    task_id: str | None = None,
    map_index: int | None = None,
    try_number: int | None = None,
    logical_date: datetime | None = None,
    before: Any = None,
    after: Any = None,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Write who did what, in the transaction of what was done.

    Arguments:
        event: the operation's name, or `login`, `login_failed`, `logout`.
        before, after: what was changed, as values of JSON; what is called like a secret is starred, at any depth.
        more: what else is to be kept.
    """
    extra = {"via": actor.via, **(more or {})}
    if before is not None:
        extra["before"] = before
    if after is not None:
        extra["after"] = after
    audit.add_event(
        connection,
        id=ids.block(1)[0],
        at=now,
        event=event,
        owner=_short(actor.name),
        dag_id=_short(dag_id),
        run_id=_short(run_id),
        task_id=_short(task_id),
        map_index=map_index,
        try_number=try_number,
        logical_date=logical_date,
        extra=_text(starred(extra)),
    )


def starred(value: Any) -> Any:
    """Return a value of JSON with texts starred that are called like secrets, and long ones cut short."""
    if isinstance(value, Mapping):
        # A variable says in its key what its value is
        is_secret = is_sensitive(str(value.get("key", "")))
        return {
            str(name): STARS
            if each is not None and (is_sensitive(str(name)) or (is_secret and name in {"value", "val"}))
            else starred(each)
            for name, each in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [starred(each) for each in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    if isinstance(value, str):
        return value if len(value) <= LONGEST else f"{value[:LONGEST]}… ({len(value)} characters)"
    return value


def _short(text: str | None) -> str | None:
    return None if text is None else text[:NAME]


def _text(value: Any) -> str:
    """Return a value as JSON for people: letters as they are, but for halves of characters, which no database takes."""
    return json.dumps(value, ensure_ascii=False, default=str).encode(errors="replace").decode()
