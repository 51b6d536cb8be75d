"""Playing one scenario, and shrinking one that fails."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace

from simulation.checker import Violation
from simulation.faults import SimDatabase
from simulation.locks import LockOrder
from simulation.scenario import Scenario
from simulation.world import World
from tradewind.metadata.tables import metadata

SHRINKS_AT_MOST = 300


@dataclass(frozen=True)
class Failure:
    """A scenario that fails, why, and what happened until then."""

    scenario: Scenario
    text: str
    trace: tuple[str, ...]


def open_database(url: str) -> SimDatabase:
    """Open a database for simulations and make its tables; one serves all seeds, one after the other."""
    database = SimDatabase(url)
    metadata.create_all(database.engine)
    return database


def play(scenario: Scenario, database: SimDatabase) -> Failure | None:
    """Play a scenario to its end; return the failure, if it fails."""
    world = World(scenario, database)
    with LockOrder(database).watched() as locks:
        try:
            world.run()
            locks.raise_found()
        except Violation as violation:
            return Failure(scenario, str(violation), tuple(world.trace))
        except Exception as error:  # noqa: BLE001  (whatever the product raises here is a finding)
            where = traceback.format_exc(limit=-3)
            return Failure(scenario, f"{type(error).__name__}: {error}\n{where}", tuple(world.trace))
    return None


def shrink(failure: Failure, database: SimDatabase) -> Failure:
    """Return the smallest failing scenario found by leaving out one thing after the other."""
    smallest = failure
    left = SHRINKS_AT_MOST
    is_smaller = True
    while is_smaller and left > 0:
        is_smaller = False
        for candidate in _smaller(smallest.scenario):
            left -= 1
            found = play(candidate, database)
            if found is not None:
                smallest, is_smaller = found, True
                break
            if left <= 0:
                break
    return smallest


def _smaller(scenario: Scenario) -> Iterator[Scenario]:
    for dag in scenario.dags[1:]:
        yield scenario.without_dag(dag.dag_id)
    for n in range(len(scenario.runs)):
        yield replace(scenario, runs=scenario.runs[:n] + scenario.runs[n + 1 :])
    for fault in sorted(scenario.faults):
        yield replace(scenario, faults=scenario.faults - {fault})
    for dag in scenario.dags:
        for task_id in reversed(dag.tasks):
            if len(dag.tasks) > 1:
                yield scenario.without_task(dag.dag_id, task_id)
    if scenario.schedulers > 1:
        yield replace(scenario, schedulers=1)
    if len(scenario.workers) > 1:
        yield replace(scenario, workers=scenario.workers[:1])
