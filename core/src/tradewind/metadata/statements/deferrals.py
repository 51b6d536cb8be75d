"""Statements on deferred instances: what they wait for, which triggerer runs it, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.dialects import insert_or_change
from tradewind.metadata.hot import any_of
from tradewind.metadata.tables import daemon, dag_run, deferral, task_instance

_d = deferral.c
_ti = task_instance.c
_run = dag_run.c
_VALUES = tuple(column.name for column in deferral.columns if column.name != "instance")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A trigger that a triggerer has claimed, with what its instance is; secrets are still encrypted."""

    instance: int
    token: int
    claim: int
    classpath: str
    kwargs: str
    source_hash: str | None
    try_number: int
    max_tries: int
    run: int
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    version_id: int
    executor: str
    queue: str


@dataclass(frozen=True, slots=True)
class Resumption:
    """What an instance goes on with; the last two are still encrypted, and the event is None after a timeout."""

    instance: int
    token: int
    method: str
    began_at: datetime
    ending: str
    method_kwargs: str
    event: str | None


@dataclass(frozen=True, slots=True)
class Locked:
    """A deferred instance, locked, and which claim of its trigger counts."""

    instance: int
    token: int
    claim: int
    executor: str


_is_deferred = (
    sa.exists(sa.select(_ti.id).where(_ti.id == _d.instance, _ti.token == _d.token, _ti.state == "deferred"))
    .correlate(deferral)
)  # fmt: skip
_lives = sa.exists(sa.select(daemon.c.id).where(daemon.c.id == _d.triggerer, daemon.c.ended_at.is_(None)))
_FREE = (
    sa.select(_d.instance)
    .where(_d.ending.is_(None), sa.or_(_d.triggerer.is_(None), ~_lives.correlate(deferral)), _is_deferred)
    .order_by(_d.instance)
    .limit(sa.bindparam("most"))
    .with_for_update(skip_locked=True)
)
_TAKE = (
    deferral.update().where(any_of(_d.instance, "ids")).values(triggerer=sa.bindparam("by"), claim=_d.claim + 1)
)  # fmt: skip
_READ = (
    sa.select(
        _d.instance,
        _d.token,
        _d.claim,
        _d.classpath,
        _d.kwargs,
        _d.source_hash,
        _ti.try_number + 1,
        _ti.max_tries,
        _ti.run,
        _ti.dag_id,
        _run.run_id,
        _ti.task_id,
        _ti.map_index,
        _run.version_id,
        _ti.executor,
        _ti.queue,
    )
    .join_from(deferral, task_instance, _ti.id == _d.instance)
    .join(dag_run, _run.id == _ti.run)
    .where(any_of(_d.instance, "ids"))
    .order_by(_d.instance)
)
_HELD = sa.select(_d.instance, _d.claim).where(
    _d.triggerer == sa.bindparam("by"), _d.ending.is_(None), _is_deferred
)  # fmt: skip
_LEAVE = deferral.update().where(_d.triggerer == sa.bindparam("by"), _d.ending.is_(None)).values(triggerer=None)
_LOCK = (
    sa.select(_ti.id, _ti.token, _ti.executor)
    .where(any_of(_ti.id, "ids"), _ti.state == "deferred")
    .order_by(_ti.run, _ti.rank, _ti.map_index)
    .with_for_update()
)
_CLAIMS = sa.select(_d.instance, _d.token, _d.claim).where(any_of(_d.instance, "ids"), _d.ending.is_(None))
_END = (
    deferral.update()
    .where(_d.instance == sa.bindparam("key"))
    .values(ending=sa.bindparam("how"), event=sa.bindparam("found"), triggerer=None)
)
_TIME_OUT = deferral.update().where(any_of(_d.instance, "ids")).values(ending="timeout", triggerer=None)
_TOKENS = sa.select(_d.instance, _d.token).where(any_of(_d.instance, "ids"))
_FORGET = deferral.delete().where(any_of(_d.instance, "ids"))
_RESUMPTIONS = sa.select(
    _d.instance, _d.token, _d.method, _d.began_at, _d.ending, _d.method_kwargs, _d.event
).where(any_of(_d.instance, "ids"), _d.ending.is_not(None))  # fmt: skip
_PROBLEM = deferral.update().where(_d.instance == sa.bindparam("key"), _d.claim == sa.bindparam("of_claim"))


def add(conn: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write what instances wait for, in place of what they waited for before."""
    if rows:
        fresh = dict.fromkeys(("triggerer", "problem", "ending", "event"))
        statement = insert_or_change(conn.dialect.name, deferral, ("instance",), _VALUES)
        conn.execute(statement, [{**fresh, **row} for row in sorted(rows, key=lambda row: row["instance"])])


def tokens(conn: sa.Connection, instances: Iterable[int]) -> dict[int, int]:
    """Return for those of `instances` that were deferred the token of the dispatch that deferred."""
    return {row[0]: row[1] for row in conn.execute(_TOKENS, {"ids": sorted(instances)})}


def forget(conn: sa.Connection, instances: Iterable[int]) -> None:
    """Delete what instances waited for."""
    keys = sorted(instances)
    if keys:
        conn.execute(_FORGET, {"ids": keys})


def keep_for(conn: sa.Connection, instances: Iterable[int], *, by: int) -> None:
    """Have what instances go on with wait for a later token: their dispatch never began."""
    keys = sorted(instances)
    if keys:
        conn.execute(deferral.update().where(any_of(_d.instance, "ids")).values(token=_d.token + by), {"ids": keys})


def time_out(conn: sa.Connection, instances: Iterable[int]) -> None:
    """Write that instances have waited for too long."""
    conn.execute(_TIME_OUT, {"ids": sorted(instances)})


def claim(conn: sa.Connection, triggerer: str, *, most: int) -> list[Waiting]:
    """Give a triggerer up to `most` triggers that no live one runs, passing over those that another is taking."""
    keys = list(conn.execute(_FREE, {"most": most}).scalars())
    if not keys:
        return []
    conn.execute(_TAKE, {"ids": keys, "by": triggerer})
    rows: Sequence[Any] = conn.execute(_READ, {"ids": keys}).all()
    return [Waiting(*row) for row in rows]


def held(conn: sa.Connection, triggerer: str) -> frozenset[tuple[int, int]]:
    """Return (instance, claim) of the triggers that are a triggerer's and still waited for."""
    return frozenset((row[0], row[1]) for row in conn.execute(_HELD, {"by": triggerer}))


def leave(conn: sa.Connection, triggerer: str) -> None:
    """Give a triggerer's triggers back."""
    conn.execute(_LEAVE, {"by": triggerer})


def give_back(conn: sa.Connection, triggerer: str, instances: Iterable[int]) -> None:
    """Give some of a triggerer's triggers back: it does not know of them, as the answer to its claim was lost."""
    conn.execute(_LEAVE.where(any_of(_d.instance, "ids")), {"by": triggerer, "ids": sorted(instances)})


def lock(conn: sa.Connection, instances: Iterable[int]) -> list[Locked]:
    """Lock those of `instances` that are deferred, and tell which claim of each counts."""
    keys = {"ids": sorted(instances)}
    locked = {row[0]: row for row in conn.execute(_LOCK, keys)}
    found = [row for row in conn.execute(_CLAIMS, keys) if row[0] in locked and locked[row[0]].token == row.token]
    return [Locked(row.instance, row.token, row.claim, locked[row.instance].executor) for row in found]


def end(conn: sa.Connection, ended: Sequence[tuple[int, str, str | None]]) -> None:
    """Write how triggers ended: instance, how, and what was found, encrypted."""
    if ended:
        conn.execute(_END, [{"key": key, "how": how, "found": found} for key, how, found in sorted(ended)])


def resumptions(conn: sa.Connection, instances: Iterable[int]) -> list[Resumption]:
    """Return what instances go on with, where a trigger of theirs has ended."""
    return [Resumption(*row) for row in conn.execute(_RESUMPTIONS, {"ids": sorted(instances)})]


def tell_problem(conn: sa.Connection, instance: int, claim: int, sentence: str) -> None:
    """Write what a triggerer has against a trigger that it runs."""
    conn.execute(_PROBLEM, {"key": instance, "of_claim": claim, "problem": sentence})
