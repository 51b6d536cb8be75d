"""Drains: have workers finish what they have and take nothing new, until they are released."""

from __future__ import annotations

import argparse
from typing import Any

import sqlalchemy as sa

from tradewind.cli.errors import CommandError
from tradewind.cli.parser import did_you_mean
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.session import open_session
from tradewind.cli.shared.waking import wake
from tradewind.cli.verbs import Verbs
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements import daemons, drains
from tradewind.metadata.statements.drains import HOST, WORKER, Drain
from tradewind.transitions import draining


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    add = verbs.add("add", add_drain)
    add.add_argument("worker_or_host", help="a worker's id (`jobs list` shows it), or the host of all workers there")
    add.add_argument("--reason", help="shown by `drains list`")
    add_output_option(add)
    add_output_option(verbs.add("list", list_drains))
    release = verbs.add("release", release_drains)
    release.add_argument("drain_ids", nargs="+", type=int, metavar="DRAIN_ID")


def add_drain(options: argparse.Namespace) -> None:
    """Have a worker, or all on a host, finish what it has and take nothing new; it stays alive, and others go on.

    A drain of a host holds for workers that start there later, too.
    """
    clock = SystemClock()
    key = RandomIds(clock.now).block(1)[0]
    row = {"id": key, "name": options.worker_or_host, "reason": options.reason, "drained_at": clock.now()}
    with open_session() as session:
        with session.database.read() as connection:
            kind = _kind(connection, options.worker_or_host, clock)
        session.database.write(lambda c: drains.add(c, row | {"kind": kind}))
        made = _all(session.database.read())[key]
    if options.output == "table":
        what = made.what[0].upper() + made.what[1:]
        print(f"{what} is drained, {made.at_work} tries go on: `tradewind drains release {key}` lets it take more.")
    else:
        print_rows([_row(made)], options.output)


def _kind(connection: sa.Connection, name: str, clock: SystemClock) -> str:
    """Return whether a name is that of a live worker or of a host of one."""
    live = daemons.jobs(connection, sql_now=clock.sql_now(), kind=WORKER, live_only=True)
    if name in {each.id for each in live}:
        return WORKER
    hosts = {each.host for each in live}
    if name in hosts:
        return HOST
    near = did_you_mean(name, hosts) or ":"
    raise CommandError(
        f"No worker of the id {name!r} lives, and none on a host of that name{near} `tradewind jobs list --job-type worker` "
        "shows them.",
        error_id="no-such-worker",
    )


def _all(reading: Any) -> dict[int, Drain]:
    with reading as connection:
        return {each.id: each for each in drains.list_all(connection)}


def list_drains(options: argparse.Namespace) -> None:
    """List what is drained, since when and why, and how many tries are still at work there."""
    with open_session() as session:
        rows = [_row(each) for each in _all(session.database.read()).values()]
    print_rows(rows, options.output, empty="Nothing is drained.")


def release_drains(options: argparse.Namespace) -> None:
    """Let workers take tries again."""
    with open_session() as session:
        known = _all(session.database.read())
        unknown = [key for key in options.drain_ids if key not in known]
        if unknown:
            raise CommandError(
                f"There is no drain {unknown[0]}: `tradewind drains list` shows all.", error_id="no-such-drain"
            )
        wake(session, session.database.write(lambda c: draining.release(c, options.drain_ids)))
    for key in options.drain_ids:
        what = known[key].what
        print(f"{what[0].upper()}{what[1:]} takes tries again.")


def _row(each: Drain) -> dict[str, Any]:
    return {
        "id": each.id,
        "kind": each.kind,
        "name": each.name,
        "at_work": each.at_work,
        "since": each.drained_at,
        "reason": each.reason,
    }
