"""What simulated user code does: decided by seed and name alone, so that it is the same whenever and wherever it runs."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulation.scenario import Scenario, SimDag
from tradewind.transitions.values import Outcome, Ticket, XComValue


@dataclass(frozen=True)
class Behaviour:
    """How long one try takes, and what it will report."""

    duration: timedelta
    state: str
    retry: bool
    skip: tuple[str, ...]
    skip_all: bool
    length: int

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
            due_at=now + timedelta(seconds=4) if self.state == "up_for_reschedule" else None,
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
    return Behaviour(
        duration=timedelta(seconds=rng.choice(durations)),
        state=rng.choice(states),
        retry=rng.random() < 0.85,
        skip=skip,
        skip_all=bool(skip) and rng.random() < 0.3,
        length=rng.choice([0, 1, 2, 3]),
    )
