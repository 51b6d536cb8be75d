"""Statements on watchers of assets: triggers whose events are events of an asset, and which triggerer runs each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.dialects import insert_or_change
from tradewind.metadata.hot import any_of
from tradewind.metadata.tables import asset_watcher, daemon, dag, dag_version

_w = asset_watcher.c
_CHANGED = ("classpath", "kwargs", "triggerer", "due_at", "problem")


@dataclass(frozen=True, slots=True)
class Watching:
    """A watcher that a triggerer has claimed, with the version whose code it is."""

    id: int
    claim: int
    classpath: str
    kwargs: str
    dag_id: str
    name: str
    version_id: int
    source_hash: str


_lives = sa.exists(sa.select(daemon.c.id).where(daemon.c.id == _w.triggerer, daemon.c.ended_at.is_(None)))
_is_wanted = sa.exists(
    sa.select(dag.c.dag_id).where(dag.c.dag_id == _w.dag_id, dag.c.is_active.is_(True), dag.c.is_paused.is_(False))
).correlate(asset_watcher)
_FREE = (
    sa.select(_w.id)
    .where(
        sa.or_(_w.triggerer.is_(None), ~_lives.correlate(asset_watcher)),
        sa.or_(_w.due_at.is_(None), _w.due_at <= sa.bindparam("now", type_=_w.due_at.type)),
        _is_wanted,
    )
    .order_by(_w.id)
    .limit(sa.bindparam("most"))
    .with_for_update(skip_locked=True)
)
_TAKE = (
    asset_watcher.update()
    .where(any_of(_w.id, "ids"))
    .values(triggerer=sa.bindparam("by"), claim=_w.claim + 1, due_at=None)
)
_READ = (
    sa.select(_w.id, _w.claim, _w.classpath, _w.kwargs, _w.dag_id, _w.name, dag_version.c.id, dag_version.c.source_hash)
    .join_from(asset_watcher, dag, dag.c.dag_id == _w.dag_id)
    .join(dag_version, dag_version.c.id == dag.c.version_id)
    .where(any_of(_w.id, "ids"))
    .order_by(_w.id)
)
_HELD = sa.select(_w.id, _w.claim).where(_w.triggerer == sa.bindparam("by"), _is_wanted)
_LEAVE = asset_watcher.update().where(_w.triggerer == sa.bindparam("by")).values(triggerer=None)
_LOCK = (
    sa.select(_w.id, _w.claim, _w.uri)
    .where(any_of(_w.id, "ids"), _w.triggerer == sa.bindparam("by"))
    .order_by(_w.id)
    .with_for_update()
)
_PROBLEM = asset_watcher.update().where(_w.id == sa.bindparam("key"), _w.claim == sa.bindparam("of_claim"))
_REST = (
    asset_watcher.update()
    .where(_w.id == sa.bindparam("key"))
    .values(
        triggerer=None, due_at=sa.bindparam("until", type_=_w.due_at.type), problem=sa.bindparam("said", type_=sa.Text)
    )
)


def key_of(dag_id: str, uri: str, name: str) -> int:
    """Return the key of a watcher: 63 bits of a hash."""
    return int.from_bytes(hashlib.sha256(f"{dag_id}\n{uri}\n{name}".encode()).digest()[:8], "big") >> 1


def put(conn: sa.Connection, dag_ids: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Put the watchers of new versions of DAGs in the place of those that they had; all are claimed anew, with the new code.

    Arguments:
        rows: dag_id, uri, name, classpath and kwargs (JSON) of each.
    """
    fresh = dict.fromkeys(("triggerer", "due_at", "problem"))
    keyed = {key_of(row["dag_id"], row["uri"], row["name"]): {**fresh, **row} for row in rows}
    old = conn.execute(sa.select(_w.id).where(_w.dag_id.in_(dag_ids))).scalars()
    gone = sorted(set(old) - set(keyed))
    if gone:
        conn.execute(asset_watcher.delete().where(_w.id.in_(gone)))
    if keyed:
        values = [{"id": key, "claim": 0, **keyed[key]} for key in sorted(keyed)]
        conn.execute(insert_or_change(conn.dialect.name, asset_watcher, ("id",), _CHANGED), values)


def claim(conn: sa.Connection, triggerer: str, *, now: datetime, most: int) -> list[Watching]:
    """Give a triggerer up to `most` watchers of DAGs that are not paused which no live one runs."""
    keys = list(conn.execute(_FREE, {"now": now, "most": most}).scalars())
    if not keys:
        return []
    conn.execute(_TAKE, {"ids": keys, "by": triggerer})
    rows: Sequence[Any] = conn.execute(_READ, {"ids": keys}).all()
    return [Watching(*row) for row in rows]


def held(conn: sa.Connection, triggerer: str) -> frozenset[tuple[int, int]]:
    """Return (key, claim) of the watchers that are a triggerer's and still wanted."""
    return frozenset((row[0], row[1]) for row in conn.execute(_HELD, {"by": triggerer}))


def lock(conn: sa.Connection, triggerer: str, keys: Iterable[int]) -> dict[int, tuple[int, str]]:
    """Lock those of the watchers that are a triggerer's; return claim and URI of each."""
    found = conn.execute(_LOCK, {"by": triggerer, "ids": sorted(keys)})
    return {row.id: (row.claim, row.uri) for row in found}


def rest(conn: sa.Connection, key: int, *, until: datetime, problem: str | None) -> None:
    """Have a watcher claimed again at a moment: its trigger has ended, or failed with a problem."""
    conn.execute(_REST, {"key": key, "until": until, "said": problem})


def leave(conn: sa.Connection, triggerer: str, keys: Iterable[int] | None = None) -> None:
    """Give a triggerer's watchers back, or some of them."""
    if keys is None:
        conn.execute(_LEAVE, {"by": triggerer})
    else:
        conn.execute(_LEAVE.where(any_of(_w.id, "ids")), {"by": triggerer, "ids": sorted(keys)})


def tell_problem(conn: sa.Connection, key: int, claim: int, sentence: str) -> None:
    """Write what is wrong with a watcher's trigger."""
    conn.execute(_PROBLEM.values(problem=sentence), {"key": key, "of_claim": claim})


def count(conn: sa.Connection) -> int:
    """Return how many watchers there are."""
    return int(conn.execute(sa.select(sa.func.count()).select_from(asset_watcher)).scalar_one())


def find(conn: sa.Connection, *, limit: int | None = None, offset: int = 0) -> Sequence[Any]:
    """Return (dag_id, uri, name, classpath, triggerer, due_at, problem) of watchers, by DAG."""
    query = sa.select(_w.dag_id, _w.uri, _w.name, _w.classpath, _w.triggerer, _w.due_at, _w.problem)
    return conn.execute(query.order_by(_w.dag_id, _w.uri, _w.name).limit(limit).offset(offset)).all()
