"""Many runs of a DAG at once."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from tradewind.access.authorization import authorize
from tradewind.access.operations import TABLE
from tradewind.metadata import cleaning as stored
from tradewind.metadata.statements import cleaning
from tradewind.metadata.statements.browsing import runs
from tradewind.operations.bulk.rows import Faults, raise_faults
from tradewind.operations.context import Context, Entry, operation
from tradewind.plugins.named_xcoms import open_xcom_storages
from tradewind.transitions import marking
from tradewind.transitions.states import RunState

MARK, DELETE = "mark", "delete"
ACTIONS = (MARK, DELETE)


@operation("runs.change_all")
def change_runs(
    context: Context, *, dag_id: str, action: str, run_ids: Sequence[str], state: str | None = None
) -> dict[str, int]:
    """Mark or delete many runs of a DAG, all or none; return how many.

    Arguments:
        action: `mark` or `delete`, which takes the permission to delete runs.
        state: to be marked as: `success`, `failed` or `queued`.
    Raises:
        RowsError: there is no such run, it is named twice, or it cannot be deleted as it has not ended.
    """
    if action == DELETE:
        authorize(context.actor, TABLE["runs.delete"], dag_id)
    tools, ids = context.tools, context.ids

    def work(connection: sa.Connection, entry: Entry) -> list[str]:
        known = runs.keys(connection, dag_id, run_ids)
        raise_faults(
            {
                str(index): {"dag_run_ids": [f"DAG {dag_id!r} has no run {each!r}, or it is named twice."]}
                for index, each in enumerate(run_ids)
                if each not in known or each in run_ids[:index]
            },
            "dag_run_ids",
        )
        entry.after = {"action": action, "state": state, "runs": list(run_ids)}
        references: list[str] = []
        faults: Faults = {}
        # By their keys: in that order everybody locks runs
        for run_id, key in sorted(known.items(), key=lambda each: each[1]):
            if action == DELETE:
                done = cleaning.delete_run(connection, key)
                if done is None:
                    faults[str(run_ids.index(run_id))] = {"dag_run_ids": [f"Run {run_id!r} has not ended."]}
                else:
                    references += done.references
            elif state == RunState.QUEUED:
                marking.queue_run(connection, key, clock=tools.clock)
            else:
                marking.mark_run(connection, key, str(state), graphs=tools.graphs, clock=tools.clock, ids=ids)
        raise_faults(faults, "dag_run_ids")
        return references

    references = context.change(work)
    if references:
        stored.delete_stored(open_xcom_storages(tools.config), tuple(references))
    return {"changed": len(run_ids)}
