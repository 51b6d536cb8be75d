"""Drains: have workers finish what they have and take nothing new, until they are released."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from tradewind.metadata.statements import daemons, drains
from tradewind.metadata.statements.drains import HOST, WORKER, Drain
from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.errors import NotFoundError
from tradewind.operations.paging import Page, Paging
from tradewind.transitions import draining


@operation("drains.list")
def list_drains(context: Context, *, page: Paging) -> Page[Drain]:
    """Return what is drained, since when and why, and how many tries are still at work there; the oldest first."""
    with context.read() as connection:
        found = drains.list_all(connection)
    return Page(found[page.offset : page.offset + page.limit], len(found))


@operation("drains.start")
def add_drain(context: Context, *, name: str, reason: str | None = None) -> Drain:
    """Have a worker, or all on a host, finish what it has and take nothing new; it stays alive, and others go on.

    Arguments:
        name: of the worker, or of the host; a drain of a host holds for workers that start there later, too.
    Raises:
        NotFoundError: no such worker lives, and none on such a host.
    """

    def work(connection: sa.Connection, entry: Entry) -> Drain:
        key = context.ids.block(1)[0]
        kind = kind_of(name, live_workers(context, connection))
        row = {"id": key, "name": name, "reason": reason, "drained_at": context.tools.clock.now(), "kind": kind}
        entry.after = {"kind": kind, "name": name, "reason": reason}
        drains.add(connection, row)
        return next(each for each in drains.list_all(connection) if each.id == key)

    return context.change(work, wakes=())


@operation("drains.end")
def release_drain(context: Context, *, key: int) -> Drain:
    """Let workers take tries again, and return the drain that is no more.

    Raises:
        NotFoundError: there is no such drain.
    """
    return release_drains(context, keys=[key])[0]


@operation("drains.end")
def release_drains(context: Context, *, keys: Sequence[int]) -> list[Drain]:
    """Let workers take tries again: of all these drains or, where there is not each of them, of none.

    Raises:
        NotFoundError: there is no such drain.
    """

    def work(connection: sa.Connection, entry: Entry) -> tuple[list[Drain], frozenset[str]]:
        known = {each.id: each for each in drains.list_all(connection)}
        for key in keys:
            if key not in known:
                raise NotFoundError(f"There is no drain {key}.", error_id="no-such-drain")
        found = [known[key] for key in keys]
        entry.before = entry.after = [{"kind": each.kind, "name": each.name} for each in found]
        return found, draining.release(connection, keys)

    found, channels = context.change(work, wakes=())
    context.tools.wakeups.notify(channels)
    return found


def live_workers(context: Context, connection: sa.Connection) -> dict[str, str]:
    """Return the hosts of the workers that live, by their ids."""
    sql_now = context.tools.clock.sql_now()
    found = daemons.jobs(connection, sql_now=sql_now, kind=WORKER, live_only=True)
    return {each.id: each.host for each in found}


def kind_of(name: str, live: dict[str, str]) -> str:
    """Return whether a name is that of a live worker or of a host of one.

    Raises:
        NotFoundError: of neither.
    """
    if name in live:
        return WORKER
    if name in live.values():
        return HOST
    raise NotFoundError(
        f"No worker of the id {name!r} lives, and none on a host of that name.", error_id="no-such-worker"
    )
