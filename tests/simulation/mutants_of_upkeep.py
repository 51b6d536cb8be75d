"""Mutants of watchers of assets, of renames, and of deleting what is over: `NEEDS` says which feature shows each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from simulation.mutation import Patches, mutant, swap
from tradewind.metadata import renaming as renames
from tradewind.metadata.statements import cleaning, renaming, retention, watchers
from tradewind.metadata.tables import asset_watcher, dag, task_counter, task_instance
from tradewind.transitions import watching
from tradewind.transitions.watching import Seen

NEEDS = {
    "watcher-event-of-anybody": "watchers",
    "watcher-taken-from-the-living": "watchers",
    "watcher-of-the-dead-kept": "watchers",
    "watcher-keeps-old-code": "watchers",
    "watcher-of-paused-dags": "watchers",
    "rename-forgets-instances": "renames",
    "rename-of-what-is-under-way": "renames",
    "rename-goes-on-with-old-code": "renames",
    "rename-doubles-the-dag": "renames",
    "clean-takes-the-unfinished": "cleaning",
    "clean-takes-the-last-run": "cleaning",
    "clean-takes-what-is-asked-for": "cleaning",
    "clean-takes-what-is-owed": "cleaning",
    "clean-leaves-counters": "cleaning",
    "clean-past-its-limit": "cleaning",
    "clean-takes-waiting-events": "cleaning",
}


@mutant
def watcher_event_of_anybody(_: Any) -> Patches:
    """An event counts whoever runs its watcher now, and under whatever claim."""

    tell = watching.tell

    def telling(conn: sa.Connection, _triggerer: str, seen: Iterable[Seen], **tools: Any) -> int:
        columns = (asset_watcher.c.id, asset_watcher.c.triggerer, asset_watcher.c.claim)
        now = {row.id: row for row in conn.execute(sa.select(*columns))}
        said = [(now[each.watcher].triggerer, replace(each, claim=now[each.watcher].claim)) for each in seen]
        return sum(tell(conn, owner, [each], **tools) for owner, each in said)

    return [swap(watching, "tell", telling)]


def _without(statement: Any, place: int) -> Any:
    """Return a query without one of its conditions."""
    found = statement._generate()
    conditions = statement._where_criteria
    found._where_criteria = (*conditions[:place], *conditions[place + 1 :])
    return found


@mutant
def watcher_taken_from_the_living(_: Any) -> Patches:
    """A claim takes watchers that a live triggerer runs."""
    return [swap(watchers, "_FREE", _without(watchers._FREE, 0))]


@mutant
def watcher_of_the_dead_kept(_: Any) -> Patches:
    """What a triggerer had that has ended is left with it."""
    return [swap(watchers, "_FREE", watchers._FREE.where(asset_watcher.c.triggerer.is_(None)))]


@mutant
def watcher_of_paused_dags(_: Any) -> Patches:
    """Watchers of paused DAGs are run like others."""
    return [swap(watchers, "_FREE", _without(watchers._FREE, 2))]


@mutant
def watcher_keeps_old_code(_: Any) -> Patches:
    """A new version of a DAG leaves its watchers with whoever runs them, with the code of before."""
    return [swap(watchers, "_CHANGED", tuple(name for name in watchers._CHANGED if name != "triggerer"))]


@mutant
def rename_forgets_instances(_: Any) -> Patches:
    """Instances keep the old name."""
    move = renaming.move_history

    def moving(conn: sa.Connection, old: str, new: str, runs: Any) -> None:
        move(conn, old, new, runs)
        conn.execute(sa.update(task_instance).where(task_instance.c.run.in_(list(runs))).values(dag_id=old))

    return [swap(renaming, "move_history", moving)]


@mutant
def rename_of_what_is_under_way(_: Any) -> Patches:
    """A DAG is renamed whatever of it is under way."""
    return [swap(renames, "_require_ended", lambda _conn, _dag_id, _unfinished: None)]


@mutant
def rename_goes_on_with_old_code(_: Any) -> Patches:
    """A DAG that has another id goes on at once, with a version that makes runs of the old one."""
    rename = renaming.rename

    def going_on(conn: sa.Connection, old: str, new: str) -> None:
        (due_at,) = conn.execute(sa.select(dag.c.due_at).where(dag.c.dag_id == old)).one()
        rename(conn, old, new)
        conn.execute(sa.update(dag).where(dag.c.dag_id == new).values(is_active=True, due_at=due_at))

    return [swap(renaming, "rename", going_on)]


@mutant
def rename_doubles_the_dag(_: Any) -> Patches:
    """Where the file says the new id already, the old DAG stays beside it."""
    return [swap(renaming, "replace", lambda _conn, _old, _new: None)]


def _without_reasons(*words: str) -> Patches:
    """Leave out the reasons for which a run stays that begin so."""
    rules = []
    for name in ("_RUNS", "_RUNS_OF_DAG"):
        rule = getattr(retention, name)
        kept = tuple(each for each in rule.keeps if not each[0].startswith(words))
        if len(kept) != len(rule.keeps) - len(words):
            raise AttributeError(f"{name} has not all of the reasons {words}")
        rules.append(retention.Rule(rule.table, rule.is_over, kept, rule.dag_id))
    return [
        swap(retention, "_RUNS_OF_DAG", rules[1]),
        swap(retention, "RULES", {**retention.RULES, "dag_run": rules[0]}),
    ]


@mutant
def clean_takes_the_unfinished(_: Any) -> Patches:
    """A run is deleted although it has not ended."""
    return _without_reasons("has not ended")


@mutant
def clean_takes_the_last_run(_: Any) -> Patches:
    """The last runs of a DAG are deleted, on which the next one may depend."""
    return _without_reasons("last run:", "last run not triggered by hand")


@mutant
def clean_takes_what_is_asked_for(_: Any) -> Patches:
    """A run is deleted on which one that is open may depend, or whose date a backfill asks for."""
    return _without_reasons("a run that has not ended may depend on it", "a backfill that has not ended")


@mutant
def clean_takes_what_is_owed(_: Any) -> Patches:
    """A run is deleted although a callback of it is still to be called."""
    return _without_reasons("a callback of it")


@mutant
def clean_leaves_counters(_: Any) -> Patches:
    """The counters of a run's instances stay when it goes."""
    return [swap(cleaning, "BY_INSTANCE", tuple(each for each in cleaning.BY_INSTANCE if each is not task_counter))]


@mutant
def clean_past_its_limit(_: Any) -> Patches:
    """A batch takes all that is over, however many rows it may take."""
    delete_some = cleaning.delete_some
    return [
        swap(cleaning, "delete_some", lambda conn, table, limits, most: delete_some(conn, table, limits, most=9999))
    ]


@mutant
def clean_takes_waiting_events(_: Any) -> Patches:
    """An event of an asset is deleted although a DAG waits to take it."""
    rule = retention.RULES["asset_event"]
    bare = retention.Rule(rule.table, rule.is_over, rule.keeps[1:], rule.dag_id)
    return [swap(retention, "RULES", {**retention.RULES, "asset_event": bare})]
