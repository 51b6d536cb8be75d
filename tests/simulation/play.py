"""Playing one scenario, and shrinking one that fails."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from simulation.faults import SimDatabase
from simulation.locks import LockOrder
from simulation.scenario import Scenario
from simulation.schedulers import anywhere
from simulation.statement_log import StatementLog
from simulation.violation import Violation
from simulation.watching import Calm
from simulation.world import PATIENCE, World
from tradewind.metadata.tables import metadata

SHRINKS_AT_MOST = 300


@dataclass(frozen=True)
class Failure:
    """A scenario that fails, why, and what happened until then.

    Arguments:
        error: type of the exception that the product raised; empty for a violation.
    """

    scenario: Scenario
    text: str
    trace: tuple[str, ...]
    error: str = ""


@dataclass(frozen=True)
class Played:
    """What became of a scenario.

    Arguments:
        digest: of all statements, parameters and waits for locks, in order.
        order: of who did what after whom alone.
        lines: the log itself, where it was asked for.
        fired: how often each fault struck.
        hand_overs: pairs of statements between which the baton changed hands.
    """

    failure: Failure | None
    digest: str
    order: str
    lines: tuple[str, ...]
    fired: Counter[str]
    hand_overs: frozenset[int]
    statements: int


class Stage:
    """A database on which scenarios are played, one after the other.

    Arguments:
        patience: how much virtual time may pass until a world is at rest.
    """

    def __init__(self, url: str, patience: timedelta = PATIENCE) -> None:
        self.patience = patience
        self.database = SimDatabase(url)
        metadata.create_all(self.database.engine)
        self.calm = Calm(self.database.url)

    def close(self) -> None:
        """Give the connections back."""
        self.calm.close()
        self.database.dispose()

    def play(self, scenario: Scenario, *, keep_log: bool = False) -> Played:
        """Play a scenario to its end."""
        log = StatementLog(is_kept=keep_log)
        world = World(scenario, self.database, self.calm, log, patience=self.patience)
        failure = None
        with anywhere(), LockOrder(self.database).watched() as locks:
            world.against_locks = locks.found
            try:
                world.run()
                locks.raise_found()
            except Violation as violation:
                failure = Failure(scenario, str(violation), tuple(world.trace))
            except Exception as error:  # noqa: BLE001  (whatever the product raises here is a finding)
                where = traceback.format_exc(limit=-3)
                name = type(error).__name__
                failure = Failure(scenario, f"{name}: {error}\n{where}", tuple(world.trace), name)
        return Played(
            failure,
            log.digest,
            log.order,
            tuple(log.lines or ()),
            world.fired,
            frozenset(log.handed),
            log.count,
        )


def play(scenario: Scenario, stage: Stage) -> Failure | None:
    """Play a scenario to its end; return the failure, if it fails."""
    return stage.play(scenario).failure


def shrink(failure: Failure, stage: Stage) -> Failure:
    """Return the smallest failing scenario found by leaving out one thing after the other."""
    smallest = failure
    left = SHRINKS_AT_MOST
    is_smaller = True
    while is_smaller and left > 0:
        is_smaller = False
        for candidate in _smaller(smallest.scenario):
            left -= 1
            found = play(candidate, stage)
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
        yield scenario.without_fault(fault)
    for dag in scenario.dags:
        for task_id in reversed(dag.tasks):
            if len(dag.tasks) > 1:
                yield scenario.without_task(dag.dag_id, task_id)
    if scenario.schedulers > 1:
        yield replace(scenario, schedulers=1)
    if len(scenario.workers) > 1:
        yield replace(scenario, workers=scenario.workers[:1])
