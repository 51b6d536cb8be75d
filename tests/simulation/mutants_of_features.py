"""Mutants of what only some seeds have: `NEEDS` says which feature a seed must have to show each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from simulation.mutation import Patches, mutant, swap
from tradewind.metadata.statements import admission as admission_statements
from tradewind.metadata.statements import backfills as backfill_statements
from tradewind.metadata.statements import claims as claim_statements
from tradewind.metadata.statements import deadlines as deadline_statements
from tradewind.metadata.statements import other_dags, runs, schedules, tickets
from tradewind.metadata.tables import dag_run, run_progress, task_instance
from tradewind.scheduling import due_runs
from tradewind.scheduling.scheduler import Scheduler
from tradewind.transitions import (
    admission,
    backfills,
    continuing,
    deadlines,
    draining,
    ends,
    marking,
    past,
    planning,
    scopes,
    settling,
)
from tradewind.transitions.calendar import current_run
from tradewind.transitions.scopes import Setups
from tradewind.transitions.states import RunState

NEEDS = {
    "past-forgotten": "past",
    "past-open-to-all": "past",
    "past-never-looked-at": "past",
    "task-limits-ignored": "limits",
    "handover-past-limits": "limits",
    "group-counts-all": "group",
    "setups-forgotten": "scopes",
    "teardown-without-setup": "scopes",
    "teardown-left-out": "scopes",
    "holds-ignored": "holds",
    "handover-past-holds": "holds",
    "backfill-past-its-limit": "backfill",
    "backfill-makes-anew": "backfill",
    "backfill-cancelled-in-words": "backfill",
    "schedule-ignores-backfills": "backfill",
    "timeout-of-what-ended": "deadlines",
    "timeout-makes-no-room": "deadlines",
    "deadline-missed-for-ever": "deadlines",
    "sla-of-what-succeeded": "deadlines",
    "failures-not-counted": "pausing",
    "paused-by-any-failure": "pausing",
    "catchup-passes-over": "catchup",
    "catchup-makes-up": "catchup",
    "child-without-parent": "children",
    "child-of-the-overtaken": "children",
    "mark-keeps-tokens": "marks",
    "mark-recounts-nothing": "marks",
    "deadline-of-what-succeeded": "deadlines",
    "drained-worker-claims": "drains",
    "handover-past-drains": "drains",
    "release-wakes-schedulers-only": "drains",
}


@mutant
def past_forgotten(_: Any) -> Patches:
    """A task does not wait for the run before."""
    return [swap(place, "waits_for_past", lambda _task, _decision: False) for place in (settling, planning)]


@mutant
def past_open_to_all(_: Any) -> Patches:
    """A gate opens whatever the run before says."""
    return [swap(past, "judge", lambda _conn, _waiting, _graphs: [])]


@mutant
def past_never_looked_at(_: Any) -> Patches:
    """Nobody looks whether a gate may open."""
    return [swap(Scheduler, "_open_gates", lambda _self: False)]


@mutant
def task_limits_ignored(_: Any) -> Patches:
    """Admission does not mind the limits of single tasks."""
    return [swap(admission.Lanes, "fits", lambda _self, _wanted: True)]


@mutant
def handover_past_limits(_: Any) -> Patches:
    """Slots are handed to tasks that have limits of their own, and nobody counts."""
    return [swap(ends, "is_limited", lambda _task: False)]


@mutant
def group_counts_all(_: Any) -> Patches:
    """In a mapped group each instance counts the ends of all above, not that of its own index alone."""
    return [swap(settling, "is_paired", lambda _above, _below: False)]


@mutant
def setups_forgotten(_: Any) -> Patches:
    """What is in the scope of a setup does not ask how that ended."""
    return [swap(Setups, "judge", lambda _self, _task, _index, decision: decision)]


@mutant
def teardown_without_setup(_: Any) -> Patches:
    """A teardown runs although no setup of its succeeded."""
    return [swap(scopes, "_of_teardown", lambda decision, _setups: decision)]


@mutant
def teardown_left_out(_: Any) -> Patches:
    """A teardown is skipped although its setup succeeded."""
    return [swap(scopes, "_of_teardown", lambda decision, _setups: "skip" if decision == "run" else decision)]


@mutant
def holds_ignored(_: Any) -> Patches:
    """Admission does not ask what is held."""
    groups = admission_statements._GROUPS._generate()
    groups._where_criteria = groups._where_criteria[:1]
    return [
        swap(admission_statements, "_GROUPS", groups),
        swap(admission_statements.holds, "is_held", lambda _instance: sa.false()),
    ]


@mutant
def handover_past_holds(_: Any) -> Patches:
    """Slots are handed over although something is held, be it the successor itself."""
    ask = claim_statements.who_waits

    def blind(conn: Any, *, pool: str, executor: str, priority: int) -> Any:
        ti = task_instance.c
        higher = sa.select(ti.id).where(ti.state == "scheduled", ti.pool == pool, ti.priority > priority)
        found = ask(conn, pool=pool, executor=executor, priority=priority)
        return replace(found, is_scheduled_higher=conn.execute(higher).first() is not None)

    return [swap(claim_statements, "who_waits", blind)]


@mutant
def handover_past_drains(_: Any) -> Patches:
    """Slots are handed over to what a drained worker has made ready."""
    return handover_past_holds(_)


@mutant
def drained_worker_claims(_: Any) -> Patches:
    """A claim does not ask whether its worker is drained."""
    is_asked = claim_statements._CLAIM._where_criteria[2]

    def blind(statement: Any) -> Any:
        found = statement._generate()
        found._where_criteria = tuple(each for each in statement._where_criteria if each is not is_asked)
        return found

    return [
        swap(claim_statements, name, blind(getattr(claim_statements, name))) for name in ("_CLAIM", "_CLAIM_QUEUES")
    ]


@mutant
def release_wakes_schedulers_only(_: Any) -> Patches:
    """Who lets a drained worker go on tells schedulers, and not the worker."""
    release = draining.release
    return [swap(draining, "release", lambda conn, keys: release(conn, keys) & {"scheduler"})]


@mutant
def backfill_past_its_limit(_: Any) -> Patches:
    """A backfill does not count its runs that are at work."""
    settle = backfills._settle

    def none(conn: Any, backfill: Any) -> int:
        settle(conn, backfill)
        return 0

    return [swap(backfills, "_settle", none)]


@mutant
def backfill_makes_anew(_: Any) -> Patches:
    """A backfill makes a run of a date that has one."""
    return [swap(backfill_statements, "newest_run", lambda _conn, _dag, _date: None)]


@mutant
def backfill_cancelled_in_words(_: Any) -> Patches:
    """A backfill that is called off keeps its dates."""
    return [swap(backfill_statements, "skip_pending", lambda _conn, _key: None)]


@mutant
def schedule_ignores_backfills(_: Any) -> Patches:
    """The schedule makes a run of a date that a backfill has made one of."""
    named = schedules.has_run
    return [swap(schedules, "has_run_of_date", lambda conn, dag_id, run_id, _date: named(conn, dag_id, run_id))]


@mutant
def timeout_of_what_ended(_: Any) -> Patches:
    """A run that has ended in time fails at its moment all the same."""

    class Whatever(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __ne__(self, other: object) -> bool:
            return False

    class States(RunState):
        RUNNING = Whatever("running")  # type: ignore[misc]

    return [swap(deadlines, "RunState", States)]


@mutant
def timeout_makes_no_room(_: Any) -> Patches:
    """After a run took too long nobody looks who had no room beside it."""
    meet = Scheduler._meet_deadlines

    def once(self: Scheduler) -> bool:
        meet(self)
        return False

    return [swap(Scheduler, "_meet_deadlines", once)]


@mutant
def deadline_missed_for_ever(_: Any) -> Patches:
    """What was missed is not noted, and so missed again."""
    return [swap(deadline_statements, "miss", lambda *_args, **_more: None)]


@mutant
def sla_of_what_succeeded(_: Any) -> Patches:
    """A task that has succeeded in time counts as late."""
    return [swap(deadlines, "MET", frozenset())]


@mutant
def failures_not_counted(_: Any) -> Patches:
    """A DAG whose runs fail one after the other goes on."""
    return [swap(continuing, "pause_after_failures", lambda *_args: False)]


@mutant
def paused_by_any_failure(_: Any) -> Patches:
    """One failed run pauses a DAG that may have more."""

    def pause(conn: Any, dag_id: str, _most: int) -> bool:
        runs.pause(conn, dag_id)
        return True

    return [swap(continuing, "pause_after_failures", pause)]


@mutant
def catchup_passes_over(_: Any) -> Patches:
    """A DAG that makes up for all passes over what it missed."""

    def latest(graph: Any, stored: Any, now: Any) -> Any:
        return current_run(replace(graph, catchup=False), stored, now)

    return [swap(due_runs, "current_run", latest)]


@mutant
def catchup_makes_up(_: Any) -> Patches:
    """A DAG makes up for all that it missed, whatever its word is."""
    return [swap(due_runs, "current_run", lambda _graph, stored, _now: stored)]


@mutant
def child_without_parent(_: Any) -> Patches:
    """Nobody remembers which try has asked for a run."""
    return [swap(other_dags, "note_parent", lambda *_args: None)]


@mutant
def child_of_the_overtaken(_: Any) -> Patches:
    """A try that is over may still ask for a run."""
    return [swap(tickets, "ticket_of", lambda *_args: object())]


@mutant
def mark_keeps_tokens(_: Any) -> Patches:
    """A mark does not raise tokens, so that the try that it ended may still report."""
    reset = marking.instances.reset

    def written(conn: Any, rows: Any) -> None:
        reset(conn, [{name: value for name, value in row.items() if name != "token"} for row in rows])

    return [swap(marking, "instances", _But(marking.instances, reset=written))]


@mutant
def mark_recounts_nothing(_: Any) -> Patches:
    """What is below a mark, in a run that is over, goes on counting the end that there was before."""
    return [swap(marking, "recount", lambda _conn, _graph, rows: rows)]


@mutant
def deadline_of_what_succeeded(_: Any) -> Patches:
    """A run that has succeeded in time counts as late at its moment all the same."""
    return [swap(deadlines.deadlines, "ended_at", lambda _conn, _run: None)]


@mutant
def run_closed_again(_: Any) -> Patches:
    """A rest of a cascade that proves empty closes a run once more."""
    progress = run_progress.c
    anyhow = (
        sa.select(progress.run, dag_run.c.started_at)
        .join_from(run_progress, dag_run, dag_run.c.id == progress.run)
        .where(progress.run.in_(sa.bindparam("runs", expanding=True)), progress.unfinished <= 0)
        .order_by(progress.run)
    )
    return [swap(runs, "_AT_ZERO", _Rows(anyhow))]


class _But:
    """A module, but for some of its functions."""

    def __init__(self, module: Any, **others: Any) -> None:
        self._module = module
        self._others = others

    def __getattr__(self, name: str) -> Any:
        return self._others.get(name) or getattr(self._module, name)


class _Rows:
    """A statement that is asked as a `Hot` one is."""

    def __init__(self, statement: Any) -> None:
        self._statement = statement

    def rows(self, conn: Any, values: Any) -> Any:
        """Return the rows."""
        return conn.execute(self._statement, values).all()
