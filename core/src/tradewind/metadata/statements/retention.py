"""What is over, and what of it stays all the same: one rule for each table that is cleaned.

It is read by whoever deletes, counts or tells why. What a rule keeps has a reason in words; a row is deleted where it is over
and no reason holds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from tradewind.metadata.access_tables import audit_event
from tradewind.metadata.statements.states import of_open_run
from tradewind.metadata.tables import (
    asset_event,
    asset_queue,
    asset_run,
    backfill,
    callback,
    daemon,
    dag,
    dag_file,
    dag_run,
    dag_version,
    hold,
    run_parent,
    task_instance,
    xcom,
)

Judgement = tuple[dict[str, int], dict[str, dict[str, int]]]
"""Rows that go, by DAG; rows that stay, by DAG and reason."""

_run = dag_run.c
MAINTENANCE: Final = "maintenance"
"""The bundle of the DAGs that may have things removed."""
ENDED: Final = ("success", "failed")
_OF_DAG: Final[sa.ColumnElement[Any]] = sa.bindparam("of_dag")
_Condition = Callable[[Any], sa.ColumnElement[bool]]
BEFORE: Final = sa.bindparam("before", type_=_run.ended_at.type)


@dataclass(frozen=True, slots=True)
class Rule:
    """What of a table may go.

    Arguments:
        table: whose rows they are.
        is_over: the condition that a row is older than the bound value `before`.
        keeps: reasons for which a row that is over stays, each with its condition.
        dag_id: the DAG that a row belongs to, for reports; null for none.
    """

    table: sa.Table
    is_over: sa.ColumnElement[bool]
    keeps: tuple[tuple[str, sa.ColumnElement[bool]], ...]
    dag_id: sa.ColumnElement[Any]

    def may_go(self) -> sa.ColumnElement[bool]:
        """Return the condition of rows that are to be deleted."""
        return sa.and_(self.is_over, *(~condition for _, condition in self.keeps))

    def reason(self) -> sa.ColumnElement[Any]:
        """Return why a row stays, as a column: null for one that goes."""
        if not self.keeps:
            return sa.null()
        # The place in the list, which is a word of ours, and not the text: one is compared and grouped by as a number
        return sa.case(*((condition, place) for place, (_, condition) in enumerate(self.keeps)), else_=None)


@dataclass(frozen=True, slots=True)
class Limits:
    """Which rows are over.

    Arguments:
        before: rows that ended (were made, were last looked at) earlier.
        dag_id: what belongs to this DAG only.
        keep_runs: of its ended runs the newest so many stay, whatever their age; 0 for none. For `dag_run`, with `dag_id`.
    """

    before: datetime
    dag_id: str | None = None
    keep_runs: int = 0

    def values(self) -> dict[str, Any]:
        """Return the values of the bound parameters in a rule's conditions."""
        found: dict[str, Any] = {"before": self.before}
        if self.dag_id is not None:
            found["of_dag"] = self.dag_id
        if self.keep_runs:
            found["newer"] = self.keep_runs - 1
        return found

    def rule(self, table: str) -> Rule:
        """Return the rule of a table; that of runs asks for runs of one DAG only, where one is named."""
        return _RUNS_OF_DAG if self.dag_id is not None and table == _RUNS.table.name else RULES[table]

    def narrowing(self, rule: Rule) -> tuple[sa.ColumnElement[bool], ...]:
        """Return what is to be added to a rule."""
        if self.dag_id is None:
            return ()
        of_dag = rule.dag_id == _OF_DAG
        if not self.keep_runs:
            return (of_dag,)
        newest = dag_run.alias("newest")
        # Null where there are fewer: then nothing is smaller, and nothing goes
        least = (
            sa.select(newest.c.id)
            .where(newest.c.dag_id == _OF_DAG, newest.c.state.in_(ENDED))
            .order_by(newest.c.id.desc())
            .limit(1)
            .offset(sa.bindparam("newer"))
            .scalar_subquery()
        )
        return (of_dag, _run.id < least)


def _is_newest(order: str, *conditions: _Condition, of_dag: bool) -> sa.ColumnElement[bool]:
    """Return the condition that a run meets the conditions and no run of its DAG that does comes after it.

    It is asked of the greatest in a subquery that runs once: asked of each run by itself it would be asked of all runs before.

    Arguments:
        order: the column that says what is after.
        of_dag: whether it is asked of the runs of one DAG, the bound value `of_dag`.
    """
    each = dag_run.alias("each_run")
    greatest = sa.select(each.c.dag_id, sa.func.max(each.c[order])).where(*(is_met(each.c) for is_met in conditions))
    if of_dag:
        greatest = greatest.where(each.c.dag_id == _OF_DAG)
    is_greatest = sa.tuple_(_run.dag_id, _run[order]).in_(greatest.group_by(each.c.dag_id))
    # A comparison with null is neither true nor false, and not even its contrary would be true
    return sa.and_(_run[order].is_not(None), *(is_met(_run) for is_met in conditions), is_greatest)


def _is_before(moments: sa.Select[Any], *, of_dag: bool) -> sa.ColumnElement[bool]:
    """Return the condition that a run is its DAG's last one before one of these (dag_id, moment).

    Both the last of all, and the last that nobody triggered by hand: a gate across runs may ask for either.
    """
    found = []
    for is_scheduled in (False, True):
        earlier = dag_run.alias()
        asked = moments.subquery()
        query = sa.select(earlier.c.id).where(earlier.c.dag_id == asked.c.dag_id, earlier.c.logical_date < asked.c.at)
        if is_scheduled:
            query = query.where(earlier.c.run_type != "manual")
        query = query.order_by(earlier.c.logical_date.desc(), earlier.c.id.desc()).limit(1).correlate(asked)
        one = sa.select(query.scalar_subquery().label("id")).select_from(asked)
        found.append(one.where(asked.c.dag_id == _OF_DAG) if of_dag else one)
    ids = sa.union_all(*found).subquery()
    return _run.id.in_(sa.select(ids.c.id).where(ids.c.id.is_not(None)))


_open = dag_run.alias("open_run")
_OPEN_RUNS = sa.select(_open.c.dag_id, _open.c.logical_date.label("at")).where(of_open_run(_open.c.state))
_UNFINISHED = backfill.c.ended_at.is_(None)
_BACKFILLS = sa.select(backfill.c.dag_id, backfill.c.first_date.label("at")).where(_UNFINISHED)
_parent = dag_run.alias("parent_run")
_is_awaited = sa.exists(
    sa.select(run_parent.c.run)
    .join_from(run_parent, task_instance, task_instance.c.id == run_parent.c.instance)
    .join(_parent, _parent.c.id == task_instance.c.run)
    .where(run_parent.c.run == _run.id, of_open_run(_parent.c.state))
)
_of_ended_run = sa.select(_run.id).where(_run.state.in_(ENDED))
_is_in_backfill = sa.exists(
    sa.select(backfill.c.id).where(
        backfill.c.dag_id == _run.dag_id,
        _UNFINISHED,
        _run.logical_date.between(backfill.c.first_date, backfill.c.last_date),
    )
)
_is_held = sa.exists(sa.select(hold.c.id).where(hold.c.dag_id == _run.dag_id, hold.c.run == _run.id))
_owes_callback = sa.exists(sa.select(callback.c.id).where(callback.c.run == _run.id, callback.c.due_at.is_not(None)))


def _rule_of_runs(*, of_dag: bool) -> Rule:
    last = partial(_is_newest, of_dag=of_dag)
    is_asked_for = sa.or_(_is_in_backfill, _is_before(_BACKFILLS, of_dag=of_dag))
    return Rule(
        dag_run,
        sa.func.coalesce(_run.ended_at, _run.queued_at) < BEFORE,
        (
            ("has not ended", ~_run.state.in_(ENDED)),
            ("last scheduled run: the schedule goes on from it", last("data_interval_end", _is_scheduled)),
            ("last run: the next one may depend on it", last("logical_date")),
            ("last run not triggered by hand: the next one may depend on it", last("logical_date", _is_by_itself)),
            ("last successful run: templates and sensors ask for it", last("logical_date", _is_success)),
            ("a run that has not ended may depend on it", _is_before(_OPEN_RUNS, of_dag=of_dag)),
            ("a backfill that has not ended asks for its date, or goes on from it", is_asked_for),
            ("on hold", _is_held),
            ("a callback of it is still to be called", _owes_callback),
            ("the run whose task has made it has not ended", _is_awaited),
        ),
        _run.dag_id,
    )


def _is_scheduled(columns: Any) -> sa.ColumnElement[bool]:
    found: sa.ColumnElement[bool] = columns.run_type == "scheduled"
    return found


def _is_by_itself(columns: Any) -> sa.ColumnElement[bool]:
    found: sa.ColumnElement[bool] = columns.run_type != "manual"
    return found


def _is_success(columns: Any) -> sa.ColumnElement[bool]:
    found: sa.ColumnElement[bool] = columns.state == "success"
    return found


_RUNS, _RUNS_OF_DAG = _rule_of_runs(of_dag=False), _rule_of_runs(of_dag=True)

_xcom_run = sa.select(_run.dag_id).where(_run.id == xcom.c.run).scalar_subquery()
_version = dag_version.c
_used = sa.exists(sa.select(_run.id).where(_run.version_id == _version.id))
_is_current = sa.exists(sa.select(dag.c.dag_id).where(dag.c.version_id == _version.id))
_runs_of_dag = sa.select(_run.id).where(_run.dag_id == dag.c.dag_id)
_event = asset_event.c

RULES: Final[Mapping[str, Rule]] = {
    each.table.name: each
    for each in (
        _RUNS,
        Rule(
            xcom,
            xcom.c.pushed_at < BEFORE,
            (("its run has not ended", ~xcom.c.run.in_(_of_ended_run)),),
            _xcom_run,
        ),
        Rule(
            dag,
            sa.and_(
                dag.c.is_active.is_(False),
                ~sa.exists(
                    sa.select(_version.id).where(_version.dag_id == dag.c.dag_id, _version.created_at >= BEFORE)
                ),
                ~sa.exists(_runs_of_dag.where(sa.func.coalesce(_run.ended_at, _run.queued_at) >= BEFORE)),
            ),
            (
                ("a run of it has not ended", sa.exists(_runs_of_dag.where(of_open_run(_run.state)))),
                ("on hold", sa.exists(sa.select(hold.c.id).where(hold.c.dag_id == dag.c.dag_id))),
                (
                    "a backfill of it has not ended",
                    sa.exists(sa.select(backfill.c.id).where(backfill.c.dag_id == dag.c.dag_id, _UNFINISHED)),
                ),
            ),
            dag.c.dag_id,
        ),
        Rule(
            dag_version,
            _version.created_at < BEFORE,
            (("it is its DAG's newest", _is_current), ("a run has it", _used)),
            _version.dag_id,
        ),
        Rule(
            daemon,
            daemon.c.ended_at < BEFORE,
            (
                (
                    "a task that it ran has not ended",
                    sa.exists(
                        sa.select(task_instance.c.id).where(
                            task_instance.c.worker == daemon.c.id,
                            task_instance.c.state == sa.literal_column("'running'"),
                        )
                    ),
                ),
            ),
            sa.null(),
        ),
        Rule(dag_file, sa.and_(dag_file.c.parsed_at < BEFORE, dag_file.c.is_present.is_(False)), (), sa.null()),
        Rule(backfill, backfill.c.ended_at < BEFORE, (), backfill.c.dag_id),
        Rule(
            asset_event,
            _event.at < BEFORE,
            (
                (
                    "a DAG waits to take it",
                    sa.exists(sa.select(asset_queue.c.event).where(asset_queue.c.event == _event.id)),
                ),
                (
                    "a run was made from it",
                    sa.exists(sa.select(asset_run.c.event).where(asset_run.c.event == _event.id)),
                ),
            ),
            _event.dag_id,
        ),
        Rule(audit_event, audit_event.c.at < BEFORE, (), audit_event.c.dag_id),
    )
}
"""What can be cleaned by itself, in this order; a run takes its own rows with it, and a DAG its runs."""


def condition(table: str, limits: Limits) -> sa.ColumnElement[bool]:
    """Return the condition of a table's rows that are to be deleted; its values are `limits.values()`."""
    rule = limits.rule(table)
    return sa.and_(rule.may_go(), *limits.narrowing(rule))


def judge(conn: sa.Connection, table: str, limits: Limits) -> Judgement:
    """Count what is over, by DAG ("" for none): how many rows go, and how many stay for which reason."""
    rule = limits.rule(table)
    inner = (
        sa.select(sa.func.coalesce(rule.dag_id, "").label("dag_id"), rule.reason().label("reason"))
        .where(rule.is_over, *limits.narrowing(rule))
        .subquery()
    )
    query = sa.select(inner.c.dag_id, inner.c.reason, sa.func.count()).group_by(inner.c.dag_id, inner.c.reason)
    goes: dict[str, int] = {}
    stays: dict[str, dict[str, int]] = {}
    for dag_id, place, number in conn.execute(query.order_by(inner.c.dag_id, inner.c.reason), limits.values()):
        if place is None:
            goes[dag_id] = number
        else:
            stays.setdefault(dag_id, {})[rule.keeps[int(place)][0]] = number
    return goes, stays


def next_dag(conn: sa.Connection, after: str) -> str | None:
    """Return the first DAG behind `after` that has a run, by name; None at the end."""
    found: str | None = conn.execute(sa.select(sa.func.min(_run.dag_id)).where(_run.dag_id > after)).scalar_one()
    return found


def bundle_of_try(conn: sa.Connection, instance: int) -> Any | None:
    """Return (token, state, bundle) of a task instance: which dispatch is at work, and where its DAG comes from."""
    query = (
        sa.select(task_instance.c.token, task_instance.c.state, _version.bundle)
        .join_from(task_instance, dag_run, _run.id == task_instance.c.run)
        .join(dag_version, _version.id == _run.version_id)
        .where(task_instance.c.id == instance)
    )
    return conn.execute(query).one_or_none()


def runs_there(conn: sa.Connection, names: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return those of some runs, by DAG and name, that there are."""
    query = sa.select(_run.dag_id, _run.run_id).where(sa.tuple_(_run.dag_id, _run.run_id).in_(list(names)))
    return {(row.dag_id, row.run_id) for row in conn.execute(query)}
