"""What people do in seeds with upkeep: they rename a DAG, write its new id into its file, and delete what is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa
from simulation import processor
from simulation.actors import seconds
from simulation.scenario import SimDag
from simulation.upkeep import AFTER, BEFORE
from tradewind.metadata import cleaning, tables
from tradewind.metadata.renaming import Renamed, rename_dag
from tradewind.metadata.statements import parsing, runs
from tradewind.metadata.statements.retention import Limits
from tradewind.scheduling.due_runs import go_on_behind_history
from tradewind.transitions import calendar
from tradewind_plugins.contracts.xcom_storage import XComStorage
from tradewind_plugins.exceptions import TradewindException

if TYPE_CHECKING:
    from simulation.world import World


def verbs(world: World) -> dict[str, Callable[[str], None]]:
    """Return what can be done, each a call with what it is about."""
    return {
        "rename": partial(_rename, world),
        "reread": partial(_reread, world),
        "clean": partial(_clean, world),
    }


def _rename(world: World, words: str) -> None:
    old, new = words.split()
    if world.called(old) == new:
        return
    world.current.setdefault(new, world.current[old])
    world.renaming = True
    try:
        done = world.write(_renamed, old, new, world=world)
    except TradewindException as refused:
        world.note(f"operator may not rename {old}: {refused}")
        world.count("rename refused")
        return
    finally:
        world.renaming = False
    world.names[old] = new
    world.note(f"operator renames {old}: {done}")
    world.count("rename" if done.was_there else "rename before its file")
    world.notify(["scheduler"])


def _renamed(conn: sa.Connection, old: str, new: str, *, world: World) -> Renamed:
    """Rename as the command does: a DAG that was there goes on behind the history that it takes over."""
    done = rename_dag(conn, old, new)
    if done.was_there:
        go_on_behind_history(conn, new, graphs=world.graphs, clock=world.clock)
    return done


def _reread(world: World, words: str) -> None:
    """Read the file of the DAG, which says the new id: at once, or (`after`) not before it was renamed."""
    if words.endswith("after") and world.called(BEFORE) == BEFORE:
        return
    if world.versions[world.current.get(AFTER, world.current[BEFORE])].dag_id == AFTER:
        return
    dag, version = replace(world.versions[world.current[BEFORE]], dag_id=AFTER), len(world.versions) + 1
    world.versions[version] = dag
    world.write(_record, dag, version, world=world)
    world.current[AFTER] = version
    world.note(f"the file of {BEFORE} says {AFTER}")
    world.notify(["scheduler"])


def _record(conn: sa.Connection, dag: SimDag, version: int, *, world: World) -> None:
    """Write what the processor does of the file: a DAG that is new and paused, or one that goes on; the old one is gone."""
    there = {key for key in (AFTER, BEFORE) if runs.gate(conn, key) is not None}
    processor.store(conn, dag, version, now=world.clock.at, is_new=AFTER not in there)
    row = tables.dag.update().where(tables.dag.c.dag_id == AFTER)
    if AFTER not in there:
        conn.execute(row.values(is_paused=True))
    else:
        last = parsing.last_interval(conn, AFTER)
        following = calendar.next_run(dag, after=None if last is None else last[1], now=world.clock.at)
        conn.execute(row.values(is_active=True, **calendar.to_columns(following)))
    parsing.deactivate_dags(conn, there & {BEFORE})


def _clean(world: World, words: str) -> None:
    table, age, most, dag_id, keep = words.split()
    if table == "xcom" and not may_empty(world):
        return
    of_dag = None if dag_id == "-" else world.called(dag_id)
    limits = Limits(world.clock.at - seconds(float(age)), of_dag, int(keep))
    world.cleaning = (table, int(most), limits)
    world.checker.watches["cleaning"].begin(world.checker.seen)
    try:
        rows = cleaning.clean(world.database, table, [limits], storage=XComStorage(), batch=int(most))
    finally:
        world.cleaning = None
    world.note(f"operator cleans {words}: {rows} rows")
    if rows:
        world.count(f"cleaned: {table}")


def may_empty(world: World) -> bool:
    """Whether runs may lose their XComs: not where they may run again, and ask for them."""
    return "clear" not in world.scenario.faults and not world.scenario.features & {"backfill", "children"}
