"""Mutants of how a run flows: of DAGs that stop at a failure, of groups over XComs, and of clears that follow markers."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from simulation.mutation import Patches, mutant, swap
from tradewind.metadata.statements import other_dags
from tradewind.metadata.tables import dag_run
from tradewind.transitions import clear_across, continuing, ends, expansion, settling
from tradewind.transitions.states import TaskState

NEEDS = {
    "stop-forgotten": "fail_stop",
    "stop-spares-what-is-ready": "fail_stop",
    "stop-takes-running": "fail_stop",
    "stop-takes-teardowns": "fail_stop",
    "failure-lost-behind-its-stop": "fail_stop",
    "group-begins-at-once": "xcom_groups",
    "group-expands-one-by-one": "xcom_groups",
    "group-waits-for-all-indexes": "xcom_groups",
    "late-member-waits-for-nobody": "xcom_groups",
    "expanded-with-the-tries-of-the-first": "xcom_groups",
    "marker-not-followed": "markers",
    "marker-of-any-date": "markers",
    "marker-takes-one-task": "markers",
    "marker-goes-any-distance": "markers",
}


@mutant
def stop_forgotten(_: Any) -> Patches:
    """The first failure stops nothing."""
    return [swap(ends, "stopped_by", lambda _graph, _task_id, _state: set())]


@mutant
def stop_spares_what_is_ready(_: Any) -> Patches:
    """The first failure stops only what still waits for its upstream."""
    return [swap(settling, "STOPPABLE", frozenset())]


@mutant
def stop_takes_running(_: Any) -> Patches:
    """The first failure skips what is running."""
    return [swap(settling, "STOPPABLE", settling.STOPPABLE | {TaskState.RUNNING})]


@mutant
def stop_takes_teardowns(_: Any) -> Patches:
    """The first failure stops what cleans up."""
    stopped = ends.stopped_by

    def all_but(graph: Any, task_id: str, state: str) -> set[str]:
        return set(graph.tasks) - {task_id} if stopped(graph, task_id, state) else set()

    return [swap(ends, "stopped_by", all_but)]


@mutant
def failure_lost_behind_its_stop(_: Any) -> Patches:
    """An outcome is overtaken by what it stops, if that fills the transaction."""
    return [swap(ends, "_beyond", lambda *_args: [])]


@mutant
def group_begins_at_once(_: Any) -> Patches:
    """All of a group is ready as soon as it is expanded, whatever its tasks wait for."""
    return [swap(expansion, "_is_open", lambda _task, row, _setups: row.state == TaskState.NONE)]


@mutant
def group_expands_one_by_one(_: Any) -> Patches:
    """Only the task of a group that asks for its length is expanded."""
    expand = continuing.expand

    def alone(conn: Any, run: Any, task_id: str, *, graph: Any, **more: Any) -> bool:
        with swap(expansion, "members", lambda _graph, _group: [graph.tasks[task_id]]):
            return bool(expand(conn, run, task_id, graph=graph, **more))

    return [swap(continuing, "expand", alone)]


@mutant
def group_waits_for_all_indexes(_: Any) -> Patches:
    """After its expansion an instance of a group waits for all indexes above it."""
    return [swap(expansion, "is_paired", lambda _above, _below: False)]


@mutant
def late_member_waits_for_nobody(_: Any) -> Patches:
    """A task that joins its group late does not look what the others have done."""
    return [swap(expansion, "_is_any_expanded", lambda _conn, _run, _tasks: False)]


@mutant
def expanded_with_the_tries_of_the_first(_: Any) -> Patches:
    """Each instance of an expansion may be tried as often as what stood for all of them."""
    sibling = expansion._sibling

    class Fixed(dict[str, Any]):
        def __or__(self, other: Any) -> Any:
            return {**self, **other, "max_tries": self["max_tries"]}

    def alike(first: Any, run: Any, **more: Any) -> Any:
        return Fixed(sibling(first, run, **more) | {"max_tries": first.max_tries})

    return [swap(expansion, "_sibling", alike)]


@mutant
def marker_not_followed(_: Any) -> Patches:
    """A clear stays in its DAG."""
    return [swap(clear_across, "_follow", lambda *_args: [])]


@mutant
def marker_of_any_date(_: Any) -> Patches:
    """A marker leads to the newest run of the other DAG, whatever its date."""
    run = dag_run.c
    columns = (run.id, run.dag_id, run.run_id, run.version_id, run.state, run.run_type)
    newest = sa.select(*columns).where(run.dag_id == sa.bindparam("of_dag")).order_by(run.id.desc()).limit(1)
    return [swap(other_dags, "_NEWEST_OF", newest)]


@mutant
def marker_takes_one_task(_: Any) -> Patches:
    """A marker clears the task that it marks, and nothing below."""
    return [swap(clear_across, "descendants", lambda _graph, task_ids: set(task_ids))]


@mutant
def marker_goes_any_distance(_: Any) -> Patches:
    """Markers are followed however many there are in a row."""
    return [swap(clear_across, "_allowed", lambda _graph, _task_id, reached: reached.most or 1)]
