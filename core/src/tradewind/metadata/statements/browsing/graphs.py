"""What a graph shows of a run: the states of all its tasks, already counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.tables import task_instance

_task = task_instance.c


def states(connection: sa.Connection, run: int) -> Sequence[Any]:
    """Return how many instances of each task of a run are in which state.

    Rows: `task_id`, `state`, `number`, and of these instances the first `map_index` and the highest `try_number`. Of a task that
    is not mapped there is one row.
    """
    query = (
        sa.select(
            _task.task_id,
            _task.state,
            sa.func.count().label("number"),
            sa.func.min(_task.map_index).label("map_index"),
            sa.func.max(_task.try_number).label("try_number"),
        )
        .where(_task.run == run)
        .group_by(_task.task_id, _task.state)
    )
    return connection.execute(query).all()
