"""Mutants of deferral: seeds in which tries are deferred show them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from simulation.mutation import Patches, mutant, swap
from tradewind.metadata.statements import deferrals
from tradewind.metadata.tables import deferral, task_instance
from tradewind.transitions import ends, recording
from tradewind.transitions.states import TaskState


@mutant
def event_whatever_the_state(_: Any) -> Patches:
    """An event has its instance go on though it is not deferred, and not with this token."""

    def lock(conn: sa.Connection, instances: Any) -> list[Any]:
        query = sa.select(deferral.c.instance, deferral.c.token, deferral.c.claim, task_instance.c.executor)
        joined = query.join_from(deferral, task_instance, task_instance.c.id == deferral.c.instance)
        rows = conn.execute(joined.where(deferral.c.instance.in_(sorted(instances))))
        return [deferrals.Locked(*row) for row in rows]

    return [swap(deferrals, "lock", lock)]


@mutant
def deferral_consumes_a_try(_: Any) -> Patches:
    """A try that goes on counts as another one."""
    values = recording.instance_values

    def consuming(recorded: Any) -> dict[str, Any]:
        found = values(recorded)
        return found | ({"try_number": recorded.row.try_number} if recorded.state == TaskState.DEFERRED else {})

    return [swap(ends, "instance_values", consuming)]
