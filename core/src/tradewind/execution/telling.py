"""What a worker tells of its tries: which one a line of its log is about, and how each ended, in the log and in metrics."""

from __future__ import annotations

import logging

from tradewind.daemon_log.about import about
from tradewind.execution.messages import Start
from tradewind.metrics.catalogue import TRIES_ENDED, TRIES_STARTED, TRY_DURATION
from tradewind.metrics.recording import count, observe
from tradewind.transitions.states import TaskState
from tradewind.transitions.values import Outcome, Ticket

log = logging.getLogger(__name__)


def about_try(found: Start | Ticket) -> dict[str, str | int]:
    """Return the `extra` of a log call about a try."""
    return about(
        dag_id=found.dag_id,
        run_id=found.run_id,
        task_id=found.task_id,
        map_index=found.map_index,
        try_number=found.try_number,
    )


def tell_start(start: Start) -> None:
    """Tell that a try was taken by this worker."""
    count(TRIES_STARTED, dag_id=start.dag_id, task_id=start.task_id)
    if log.isEnabledFor(logging.DEBUG):
        log.debug("taken, dispatch %d", start.token, extra=about_try(start))


def tell_end(found: Start | Ticket, outcome: Outcome) -> None:
    """Tell how a try ended; that it succeeded is told at DEBUG, as most do."""
    count(TRIES_ENDED, dag_id=found.dag_id, task_id=found.task_id, state=outcome.state)
    took = None if outcome.started_at is None else (outcome.ended_at - outcome.started_at).total_seconds()
    if took is not None:
        observe(TRY_DURATION, took, dag_id=found.dag_id, task_id=found.task_id)
    level = logging.DEBUG if outcome.state == TaskState.SUCCESS else logging.INFO
    if not log.isEnabledFor(level):
        return
    seconds = "" if took is None else f" after {took:.2f} s"
    cause = f": {outcome.cause}" if outcome.cause else ""
    log.log(level, "ended as %s%s%s", outcome.state, seconds, cause, extra=about_try(found))
