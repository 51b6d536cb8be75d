"""Callbacks of tasks and DAGs that are still owed: which wait, which were given up; call them again, or let them go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from tradewind.metadata.statements import callbacks
from tradewind.metadata.statements.callbacks import Among, OwedCallback
from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.errors import NotFoundError
from tradewind.operations.paging import Page, Paging

MOST_TOLD = 100  # callbacks that one entry of the audit log names


@dataclass(frozen=True, slots=True)
class Changed:
    """How many callbacks something was done with."""

    number: int


@operation("callbacks.list")
def list_callbacks(
    context: Context, *, page: Paging, dag_id: str | None = None, is_given_up: bool = False
) -> Page[OwedCallback]:
    """Return callbacks that were not called yet, the oldest first.

    Arguments:
        dag_id: of this DAG only.
        is_given_up: only those that nobody tries any more.
    """
    which = Among(dag_id, is_given_up, context.dags)
    with context.read() as connection:
        rows = callbacks.find(connection, which, limit=page.limit, offset=page.offset)
        return Page(rows, callbacks.count(connection, which))


@operation("callbacks.retry")
def retry_callbacks(context: Context, *, keys: Sequence[int]) -> Changed:
    """Have callbacks called again that were given up; only what did not succeed of each is called.

    Raises:
        NotFoundError: one of them is none that was given up; then nothing is done.
    """
    return _change(context, keys, partial(callbacks.retry, now=context.tools.clock.now()))


@operation("callbacks.discard")
def discard_callbacks(context: Context, *, keys: Sequence[int]) -> Changed:
    """Let go of callbacks that were given up: they are not called again.

    Raises:
        NotFoundError: one of them is none that was given up; then nothing is done.
    """
    return _change(context, keys, callbacks.discard)


def _change(context: Context, keys: Sequence[int], change: Callable[..., int]) -> Changed:
    def work(connection: sa.Connection, entry: Entry) -> Changed:
        which = Among(is_given_up=True, dags=context.dags, keys=keys)
        found = {each.id: each for each in callbacks.find(connection, which)}
        if wrong := sorted(set(keys) - set(found)):
            raise NotFoundError(f"Callback {wrong[0]} is none that was given up.", error_id="no-such-callback")
        entry.before = entry.after = [
            {"dag_id": each.dag_id, "run_id": each.run_id, "task_id": each.task_id, "callback": each.kind}
            for each in list(found.values())[:MOST_TOLD]
        ]
        return Changed(change(connection, keys=sorted(found)))

    return context.change(work, wakes=())
