"""Statements on drains: workers that finish what they have, and take nothing new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from tradewind.metadata.statements.states import equal
from tradewind.metadata.tables import daemon, drain, task_instance

WORKER: Final = "worker"
HOST: Final = "host"
_drain = drain.c
_d = daemon.c
_ti = task_instance.c

IS_ANYTHING_DRAINED: Final = sa.exists(sa.select(_drain.id))


def is_drained(key: Any, host: Any) -> sa.ColumnElement[bool]:
    """Return the condition that a drain is about a worker; where there is no drain at all, that is asked once.

    Arguments:
        key, host: of the worker, as expressions.
    """
    about = drain.alias("about")
    of_it = sa.or_(
        sa.and_(about.c.kind == sa.literal_column("'worker'"), about.c.name == key),
        sa.and_(about.c.kind == sa.literal_column("'host'"), about.c.name == host),
    )
    return sa.and_(IS_ANYTHING_DRAINED, sa.exists(sa.select(about.c.id).where(of_it)))


def is_asking_drained(name: str) -> sa.ColumnElement[bool]:
    """Return the condition that the worker whose id is the parameter `name` is drained."""
    asking = daemon.alias("asking")
    host = sa.select(asking.c.host).where(asking.c.id == sa.bindparam(name)).scalar_subquery()
    return is_drained(sa.bindparam(name), host)


@dataclass(frozen=True, slots=True)
class Drain:
    """A drain, and how many tries its workers are still at."""

    id: int
    kind: str
    name: str
    reason: str | None
    drained_at: datetime
    at_work: int

    @property
    def what(self) -> str:
        """Which workers are drained, in words."""
        return in_words(self)


def in_words(drain: Any) -> str:
    """Return which workers are drained in words, also of a drain that comes from a server."""
    return f"worker {drain.name}" if drain.kind == WORKER else f"every worker on {drain.name}"


_IS_OF = sa.or_(
    sa.and_(_drain.kind == WORKER, _d.id == _drain.name), sa.and_(_drain.kind == HOST, _d.host == _drain.name)
)
_AT_WORK = (
    sa.select(sa.func.count())
    .select_from(task_instance.join(daemon, _d.id == _ti.worker))
    .where(equal(_ti.state, "running"), _IS_OF)
    .correlate(drain)
    .scalar_subquery()
)
_EXECUTORS = (
    sa.select(_d.executor)
    .join_from(drain, daemon, _IS_OF)
    .where(_d.kind == "worker", _d.ended_at.is_(None))
    .distinct()
    .order_by(_d.executor)
)
_ALL = sa.select(_drain.id, _drain.kind, _drain.name, _drain.reason, _drain.drained_at, _AT_WORK).order_by(
    _drain.drained_at, _drain.id
)


def add(conn: sa.Connection, row: Mapping[str, Any]) -> None:
    """Insert a drain."""
    conn.execute(drain.insert(), [dict(row)])


def list_all(conn: sa.Connection) -> list[Drain]:
    """Return all drains, the oldest first."""
    return [Drain(*row) for row in conn.execute(_ALL)]


def executors(conn: sa.Connection, keys: Sequence[int]) -> list[str]:
    """Return the executors of the workers that drains are about."""
    return list(conn.execute(_EXECUTORS.where(_drain.id.in_(sorted(keys)))).scalars())


def release(conn: sa.Connection, keys: Sequence[int]) -> None:
    """Delete drains."""
    conn.execute(drain.delete().where(_drain.id.in_(sorted(keys))))
