"""Mutants of callbacks: owed apart from the change, told at most once, claimed by two, told in no order."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from simulation.mutation import Patches, mutant, swap
from tradewind.metadata.statements import callbacks as statements
from tradewind.transitions import callbacks
from tradewind.transitions.states import TaskState


@mutant
def callbacks_after_commit(database: Any) -> Patches:
    """Callbacks are owed in a transaction of their own, after the commit: a crash in between loses them."""
    write = statements.add

    def later(_conn: Any, rows: Any) -> None:
        rows = list(rows)
        database.after_commit.append(lambda conn: write(conn, rows))

    return [swap(statements, "add", later)]


@mutant
def callbacks_at_most_once(_: Any) -> Patches:
    """A claim deletes what it takes: who dies before he calls has lost it."""
    take = statements.claim

    def gone(conn: Any, worker: str, **options: Any) -> Any:
        taken = take(conn, worker, **options)
        for each in taken:
            statements.finish(conn, each.id, each.token)
        return taken

    return [swap(statements, "claim", gone)]


@mutant
def callbacks_not_held(_: Any) -> Patches:
    """What was claimed stays due, so that another worker calls it at the same time."""
    take = statements.claim

    def shared(conn: Any, worker: str, *, now: Any, until: Any, most: int) -> Any:
        return take(conn, worker, now=now, until=now, most=most)

    return [swap(statements, "claim", shared)]


@mutant
def callbacks_in_no_order(_: Any) -> Patches:
    """What is due is claimed, whatever came before it."""
    cb = statements.callback.c
    due = sa.select(cb.id).where(cb.due_at <= sa.bindparam("now", type_=cb.due_at.type)).order_by(cb.id.desc())
    return [swap(statements, "_LOCK_DUE", due.limit(sa.bindparam("most")).with_for_update(skip_locked=True))]


@mutant
def lost_tries_untold(_: Any) -> Patches:
    """What no process told of itself, as it was lost or killed, owes nothing."""
    names = callbacks._names

    def told(graph: Any, recorded: Any) -> Any:
        return () if recorded.outcome.state == "lost" else names(graph, recorded)

    return [swap(callbacks, "_names", told)]


@mutant
def retries_told_as_failures(_: Any) -> Patches:
    """The callback of a failure is called although another try follows."""
    wrong = {**callbacks.OF_TASK, TaskState.UP_FOR_RETRY: callbacks.OF_TASK[TaskState.FAILED]}
    return [swap(callbacks, "OF_TASK", wrong)]
