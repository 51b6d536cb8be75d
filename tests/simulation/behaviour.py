"""What simulated user code does: decided by seed and name alone, so that it is the same whenever and wherever it runs."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulation.scenario import Scenario, SimDag
from tradewind.transitions.values import Deferral, Outcome, Ticket, XComValue


@dataclass(frozen=True)
class Behaviour:
    """How long one try takes, and what it will report."""

    duration: timedelta
    state: str
    retry: bool
    skip: tuple[str, ...]
    skip_all: bool
    length: int
    waits_at_most: timedelta | None = None

    @property
    def is_deferred(self) -> bool:
        """Whether it asks for a trigger."""
        return self.state == "deferred"

    def _due_at(self, now: datetime) -> datetime | None:
        if self.is_deferred:
            return None if self.waits_at_most is None else now + self.waits_at_most
        return now + timedelta(seconds=4) if self.state == "up_for_reschedule" else None

    def outcome(self, ticket: Ticket, started_at: datetime, now: datetime) -> Outcome:
        """Return the report of a try that went its way."""
        is_list = ticket.map_index < 0
        pushed = XComValue("return_value", "[]", "list", 2, self.length if is_list else None)
        return Outcome(
            ticket.instance,
            ticket.token,
            self.state,
            now,
            started_at=started_at,
            retry=self.retry,
            due_at=self._due_at(now),
            deferral=Deferral("m.Trigger", "{}", "go_on", "{}", began_at=started_at) if self.is_deferred else None,
            skip=self.skip if self.state == "success" else (),
            skip_all=self.skip_all,
            xcoms=(pushed,) if self.state == "success" else (),
        )


def behave(scenario: Scenario, dag: SimDag, ticket: Ticket) -> Behaviour:
    """Return what a try does."""
    rng = random.Random(
        f"{scenario.seed} {ticket.dag_id} {ticket.run_id} {ticket.task_id} {ticket.map_index} {ticket.token}"
    )
    task = dag.tasks[ticket.task_id]
    states = ["success"] * 14 + ["failed"] * 3 + ["skipped", "up_for_reschedule"]
    skip: tuple[str, ...] = ()
    if task.is_branch:
        skip = tuple(below for below in task.downstream if rng.random() < 0.5)
    durations = [0.01, 0.1, 1, 5, 20]
    # Where workers may be cut off, some tries outlast a lease by far, and some even the grace.
    durations += [40, 110] if scenario.faults & {"isolation", "outage"} else [1]
    duration, state, most = timedelta(seconds=rng.choice(durations)), rng.choice(states), None
    if task.fails_often:
        apart = random.Random(
            f"fail {scenario.seed} {ticket.run_id} {ticket.task_id} {ticket.map_index} {ticket.token}"
        )
        state = "failed" if apart.random() < 0.4 else state
    if scenario.defers:
        apart = random.Random(
            f"defer {scenario.seed} {ticket.run_id} {ticket.task_id} {ticket.map_index} {ticket.token}"
        )
        state = "deferred" if apart.random() < 0.4 else state
        most = timedelta(seconds=5) if apart.random() < 0.3 else None
    return Behaviour(
        duration=duration,
        state=state,
        retry=rng.random() < 0.85,
        skip=skip,
        skip_all=bool(skip) and rng.random() < 0.3,
        length=rng.choice([0, 1, 2, 3]),
        waits_at_most=most,
    )
