"""What people do in seeds with features: they hold, drain and release, ask for backfills, mark, and change priorities."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from simulation import crossing
from simulation.actors import seconds
from simulation.scenario import START
from tradewind.metadata import tables
from tradewind.metadata.statements import backfills as backfill_statements
from tradewind.metadata.statements import drains, holds
from tradewind.transitions import backfills, draining, marking, priorities
from tradewind_plugins.exceptions import TradewindException

if TYPE_CHECKING:
    from simulation.world import World


def verbs(world: World) -> dict[str, Callable[[str], None]]:
    """Return what can be done, each a call with what it is about."""
    changes = {f"backfill-{state}": partial(_change, world, state) for state in ("paused", "running", "cancelled")}
    return {
        "hold": partial(_hold, world),
        "release": partial(_release, world),
        "drain": partial(_drain, world),
        "undrain": partial(_undrain, world),
        "backfill": partial(_backfill, world),
        "mark": partial(_mark, world),
        "priority": partial(_priority, world),
        "clear-across": partial(crossing.clear_across_dags, world),
        **changes,
    }


def _hold(world: World, words: str) -> None:
    dag_id, of_run, task_id = words.split()
    row: dict[str, Any] = {"id": world.ids.block(1)[0], "dag_id": dag_id, "held_at": world.clock.at}
    if of_run == "run":
        row["run"] = _newest_run(world, dag_id)
    if task_id != "-":
        row["task_id"] = task_id
    world.write(holds.add, row)
    world.note(f"operator holds {words}")
    world.count("hold")


def _release(world: World, dag_id: str) -> None:
    with world.database.read() as conn:
        keys = [each.id for each in holds.list_all(conn, dag_id=dag_id)]
    world.write(holds.release, keys)
    world.note(f"operator releases {dag_id}")
    world.notify(["scheduler"])


def _drain(world: World, host: str) -> None:
    row = {"id": world.ids.block(1)[0], "kind": drains.HOST, "name": host, "drained_at": world.clock.at}
    world.write(drains.add, row)
    world.note(f"operator drains {host}")
    world.count("drain")


def _undrain(world: World, host: str) -> None:
    with world.database.read() as conn:
        keys = [each.id for each in drains.list_all(conn) if each.name == host]
    wake = world.write(draining.release, keys)
    world.note(f"operator lets {host} take tries again")
    world.notify(sorted(wake))


def _backfill(world: World, words: str) -> None:
    dag_id, first, last, most, direction, reprocess = words.split()
    begin, end = START + seconds(int(first)), START + seconds(int(last))
    dag = world.versions[world.current[dag_id]]
    wanted = backfills.Wanted(begin, end, int(most), direction == "reverse", reprocess)
    specs = backfills.specs_between(dag, begin, end)
    try:
        key = world.write(backfills.add, dag_id, wanted, specs, clock=world.clock, ids=world.ids)
    except TradewindException as refused:
        world.note(f"operator is refused a backfill: {refused}")
        return
    world.note(f"operator asks for backfill {key % 10000} of {words}")
    world.count("backfill")
    world.notify(["scheduler"])


def _change(world: World, state: str, dag_id: str) -> None:
    with world.database.read() as conn:
        found = backfill_statements.list_all(conn, dag_id=dag_id, only_open=True)
    for each in found:
        try:
            world.write(backfills.change, each.id, state, clock=world.clock)
        except TradewindException as refused:
            world.note(f"operator is refused: {refused}")
            continue
        world.note(f"operator has backfill {each.id % 10000} {state}")
        world.count("backfill changed")
    world.notify(["scheduler"])


def _newest_run(world: World, dag_id: str) -> int | None:
    run = tables.dag_run.c
    with world.database.read() as conn:
        found: int | None = conn.execute(sa.select(sa.func.max(run.id)).where(run.dag_id == dag_id)).scalar_one()
    return found


def _mark(world: World, words: str) -> None:
    dag_id, task_id, state = words.split()
    run = _newest_run(world, dag_id)
    if run is None:
        return
    tools: dict[str, Any] = {"graphs": world.graphs, "clock": world.clock, "ids": world.ids}
    world.marking = run
    try:
        if task_id == "-":
            plan = world.write(marking.mark_run, run, state, **tools)
        else:
            plan = world.write(marking.mark_tasks, run, [task_id], state, **tools)
    finally:
        world.marking = None
    world.note(f"operator marks {words}: {len(plan.marked)} instances, {len(plan.clears.named)} go on")
    if plan.marked:
        world.count("mark")
    world.notify(["scheduler"])


def _priority(world: World, words: str) -> None:
    dag_id, task_id, priority = words.split()
    run = _newest_run(world, dag_id)
    if run is None:
        return
    changed = world.write(priorities.set_priority, run, int(priority), task_ids=[task_id])
    world.note(f"operator gives {words}: {len(changed.rows)} instances")
    if changed.rows:
        world.count("priority")
    world.notify(["scheduler"])
