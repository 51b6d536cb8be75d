"""Why something does not run, in one sentence; computed from what the schedulers decide by."""

from __future__ import annotations

from dataclasses import dataclass

from tradewind.operations.context import Context, operation
from tradewind.operations.errors import NotFoundError
from tradewind.operations.finding import require_dag, run_of
from tradewind.transitions.why import Why


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence on why what is named does not run, now."""

    dag_id: str
    run_id: str | None
    task_id: str | None
    map_index: int | None
    why: str


@operation("why.get")
def get_why(
    context: Context, *, dag_id: str, run_id: str | None = None, task_id: str | None = None, map_index: int = -1
) -> Reason:
    """Say in one sentence why a DAG, a run or a task does not run.

    Arguments:
        run_id: the run; None asks of the DAG.
        task_id: a task of it; None asks of the run.
        map_index: which instance of a mapped task, from 0.
    Raises:
        NotFoundError: there is no such DAG, run or task.
    """
    with context.read() as connection:
        asked = Why(connection, context.tools.graphs, context.tools.clock)
        if run_id is None:
            return Reason(dag_id, None, None, None, asked.dag(require_dag(connection, dag_id)))
        run = run_of(connection, dag_id, run_id)
        if task_id is None:
            return Reason(dag_id, run_id, None, None, asked.run(run))
        try:
            sentence = asked.task(run, task_id, map_index)
        except LookupError as error:
            raise NotFoundError(str(error), error_id="no-such-task") from error
    return Reason(dag_id, run_id, task_id, map_index if map_index >= 0 else None, sentence)
