"""Pages of task instances, and their tries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.statements.browsing.parts import ANY, Between, Slice, among, counted
from tradewind.metadata.statements.deadlines import SLA
from tradewind.metadata.tables import (
    BigInt,
    daemon,
    dag_run,
    deadline,
    deferral,
    instance_label,
    instance_note,
    task_instance,
    task_try,
)

_ti = task_instance.c
_run = dag_run.c
_duration = sa.type_coerce(_ti.ended_at, BigInt) - sa.type_coerce(_ti.started_at, BigInt)
_changed_at = sa.func.coalesce(_ti.ended_at, _ti.started_at, _ti.queued_at, _ti.scheduled_at, type_=_ti.ended_at.type)
ORDERS: dict[str, tuple[sa.ColumnElement[Any], ...]] = {
    "map_index": (_ti.map_index,),
    "state": (_ti.state,),
    "duration": (_duration,),
    "start_date": (_ti.started_at,),
    "end_date": (_ti.ended_at,),
    "topological": (_ti.rank, _ti.task_id, _ti.map_index),
}
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class InstanceFilter:
    """Which task instances are meant; what is None, or a range without bounds, leaves none out.

    Arguments:
        allowed: ids of the DAGs that whoever asks may see.
        run_ids: names of runs.
        mapped: whether only instances of mapped tasks are.
        duration: in seconds, of the ended.
        changed: when an instance took its present state, as far as that is kept.
    """

    dag_ids: Sequence[str] | None = None
    allowed: frozenset[str] | None = None
    run_ids: Sequence[str] | None = None
    task_ids: Sequence[str] | None = None
    mapped: bool = False
    states: Sequence[str] | None = None
    pools: Sequence[str] | None = None
    queues: Sequence[str] | None = None
    executors: Sequence[str] | None = None
    logical: Between = ANY
    started: Between = ANY
    ended: Between = ANY
    changed: Between = ANY
    duration: Between = ANY

    @property
    def keys(self) -> sa.Select[Any]:
        """The query of the keys of the instances that are meant."""
        of_run = self._of_run
        # What narrows runs is looked for among runs, of which there are few
        source = dag_run.join(task_instance, _ti.run == _run.id) if of_run else task_instance
        return sa.select(_ti.id).select_from(source).where(*of_run, *self._of_instance)

    @property
    def order(self) -> tuple[sa.ColumnElement[Any], ...]:
        """The order of the list: one in which an index gives the instances that are meant, so that a page is found soon."""
        if self._of_run:
            return (_ti.run, _ti.id)
        for column, between in ((_ti.started_at, self.started), (_ti.ended_at, self.ended)):
            if between != ANY:
                return (column, _ti.id)
        return (_ti.id,)

    @property
    def _of_run(self) -> list[sa.ColumnElement[bool]]:
        return [
            *among(_run.dag_id, self.dag_ids),
            *among(_run.dag_id, self.allowed),
            *among(_run.run_id, self.run_ids),
            *self.logical.conditions(_run.logical_date),
        ]

    @property
    def _of_instance(self) -> list[sa.ColumnElement[bool]]:
        return [
            *among(_ti.task_id, self.task_ids),
            *([_ti.map_index >= 0] if self.mapped else []),
            *among(_ti.state, self.states),
            *among(_ti.pool, self.pools),
            *among(_ti.queue, self.queues),
            *among(_ti.executor, self.executors),
            *self.started.conditions(_ti.started_at),
            *self.ended.conditions(_ti.ended_at),
            *_changed(self.changed),
            *Between(_micro(self.duration.first), _micro(self.duration.last)).conditions(_duration),
        ]


def _changed(between: Between) -> list[sa.ColumnElement[bool]]:
    """Return that an instance took its state in a range: said so that what is recent is found by indexes."""
    found = Between(None, between.last).conditions(_changed_at)
    if between.first is not None:
        since = between.first
        is_waiting = _ti.state.in_(["scheduled", "queued"]) & ((_ti.queued_at >= since) | (_ti.scheduled_at >= since))
        found.append(sa.or_(_ti.ended_at >= since, _ti.started_at >= since, is_waiting))
    return found


def _micro(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * _SECOND)


def _rows(keys: sa.Subquery) -> sa.Select[Any]:
    """Return the query of all that is shown of instances whose keys are known."""
    joined = (
        keys.join(task_instance, _ti.id == keys.c.id)
        .join(dag_run, _run.id == _ti.run)
        .outerjoin(instance_label, instance_label.c.instance == _ti.id)
        .outerjoin(instance_note, instance_note.c.instance == _ti.id)
        .outerjoin(daemon, daemon.c.id == _ti.worker)
        .outerjoin(deferral, deferral.c.instance == _ti.id)
        .outerjoin(
            deadline,
            (deadline.c.run == _ti.run) & (deadline.c.kind == SLA) & (deadline.c.task_id == _ti.task_id)
            & deadline.c.missed_at.is_not(None),
        )
    )  # fmt: skip
    tries = task_try.alias()
    newest = sa.select(sa.func.max(tries.c.token)).where(tries.c.instance == _ti.id).correlate(task_instance)
    joined = joined.outerjoin(
        task_try, (task_try.c.instance == _ti.id) & (task_try.c.token == newest.scalar_subquery())
    )
    return sa.select(
        task_instance,
        task_try.c.cause,
        _run.run_id,
        _run.version_id,
        sa.func.coalesce(_run.logical_date, _run.queued_at, type_=_run.queued_at.type).label("logical_date"),
        instance_label.c.label,
        instance_note.c.note,
        daemon.c.host,
        deferral.c.classpath,
        deferral.c.deferred_at,
        deadline.c.missed_at,
    ).select_from(joined)


def page(connection: sa.Connection, wanted: InstanceFilter, part: Slice, *, by: str | None = None) -> Sequence[Any]:
    """Return some instances: the columns of `task_instance`, and what belongs to them, such as the `cause` of the last try.

    Arguments:
        by: the order, where the part names none; None for the filter's own, which is by and large that of time.
    """
    # The part first, and only then what belongs to it: so no plan joins what is not shown
    keys = _ordered(wanted.keys, wanted, part, by).limit(part.limit).offset(part.offset)
    return connection.execute(_ordered(_rows(keys.subquery("keys")), wanted, part, by)).all()


def _ordered(query: sa.Select[Any], wanted: InstanceFilter, part: Slice, by: str | None) -> sa.Select[Any]:
    name = part.order_by or by
    columns = wanted.order if name is None else (*ORDERS[name], _ti.id)
    return query.order_by(*(each.desc() if part.is_descending else each for each in columns))


def count(connection: sa.Connection, wanted: InstanceFilter) -> int:
    """Return how many instances are meant, counted up to a limit, see `counted`."""
    return counted(connection, wanted.keys)


def get(connection: sa.Connection, run: int, task_id: str, map_index: int | None) -> Sequence[Any]:
    """Return the instances of a task in a run: that of an index, or without one at most two, of which there should be one."""
    of_task = (_ti.run == run, _ti.task_id == task_id)
    query = sa.select(_ti.id).where(*of_task).order_by(_ti.map_index).limit(2)
    if map_index is not None:
        query = query.where(_ti.map_index == map_index)
    rows = _rows(query.subquery("keys"))
    return connection.execute(rows.order_by(_ti.map_index)).all()


def tries(connection: sa.Connection, instance: int) -> Sequence[Any]:
    """Return the ended dispatches of an instance that were tries, in their order, each with the host it ran on."""
    query = (
        sa.select(task_try, daemon.c.host)
        .select_from(task_try.outerjoin(daemon, daemon.c.id == task_try.c.worker))
        .where(task_try.c.instance == instance, task_try.c.try_number > 0)
        .order_by(task_try.c.token)
    )
    return connection.execute(query).all()
