"""Requests that are to be done once, however often they are sent: what was answered to each, for a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from tradewind.metadata.tables import idempotency_key

KEPT: Final = timedelta(days=1)
FORGOTTEN_AT_ONCE = 100
_i = idempotency_key.c


def find(connection: sa.Connection, actor: str, key: str) -> Any | None:
    """Return the row of a request, with `request_hash` and `answer`; None for a new one."""
    return connection.execute(sa.select(idempotency_key).where(_i.actor == actor, _i.key == key)).one_or_none()


def add(connection: sa.Connection, actor: str, key: str, *, request_hash: str, answer: str, now: datetime) -> None:
    """Keep what was answered to a request.

    Raises:
        sqlalchemy.exc.IntegrityError: it is answered already.
    """
    row = {"actor": actor, "key": key, "request_hash": request_hash, "answer": answer, "created_at": now}
    connection.execute(idempotency_key.insert(), row)


def forget_old(connection: sa.Connection, *, now: datetime) -> None:
    """Delete some of the answers that are kept no longer."""
    query = sa.select(_i.actor, _i.key).where(_i.created_at < now - KEPT).limit(FORGOTTEN_AT_ONCE)
    for actor, key in connection.execute(query.with_for_update(skip_locked=True)).all():
        connection.execute(idempotency_key.delete().where(_i.actor == actor, _i.key == key))
