"""Drains: have workers finish what they have and take nothing new, until they are released."""

from __future__ import annotations

import argparse
from typing import Any

from tradewind.cli.errors import CommandError
from tradewind.cli.parser import did_you_mean
from tradewind.cli.shared.operating import open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements.drains import WORKER, Drain, in_words
from tradewind.operations import drains, jobs
from tradewind.operations.errors import NotFoundError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    add = verbs.add("add", add_drain, remote=True)
    add.add_argument("worker_or_host", help="a worker's id (`jobs list` shows it), or the host of all workers there")
    add.add_argument("--reason", help="shown by `drains list`")
    add_output_option(add)
    add_output_option(verbs.add("list", list_drains, remote=True))
    release = verbs.add("release", release_drains, remote=True)
    release.add_argument("drain_ids", nargs="+", type=int, metavar="DRAIN_ID")


def add_drain(options: argparse.Namespace) -> None:
    """Have a worker, or all on a host, finish what it has and take nothing new; it stays alive, and others go on.

    A drain of a host holds for workers that start there later, too.
    """
    name = options.worker_or_host
    with open_operations(options) as operations:
        try:
            made = operations.ask(drains.add_drain, name=name, reason=options.reason)
        except NotFoundError as error:
            live = operations.ask_all(jobs.list_jobs, kind=WORKER, live_only=True)
            near = did_you_mean(name, {each.host for each in live}) or ":"
            raise CommandError(
                f"No worker of the id {name!r} lives, and none on a host of that name{near} `tradewind jobs list "
                "--job-type worker` shows them.",
                error_id="no-such-worker",
            ) from error
    if options.output == "table":
        print(
            f"{_begun(made)} is drained, {made.at_work} tries go on: `tradewind drains release {made.id}` lets it take more."
        )
    else:
        print_rows([_row(made)], options.output)


def list_drains(options: argparse.Namespace) -> None:
    """List what is drained, since when and why, and how many tries are still at work there."""
    with open_operations(options) as operations:
        rows = [_row(each) for each in operations.ask_all(drains.list_drains)]
    print_rows(rows, options.output, empty="Nothing is drained.")


def release_drains(options: argparse.Namespace) -> None:
    """Let workers take tries again."""
    with open_operations(options) as operations:
        try:
            released = operations.ask(drains.release_drains, keys=options.drain_ids)
        except NotFoundError as error:
            text = str(error).removesuffix(".")
            raise CommandError(f"{text}: `tradewind drains list` shows all.", error_id="no-such-drain") from error
    for each in released:
        print(f"{_begun(each)} takes tries again.")


def _begun(each: Drain) -> str:
    """Return what is drained as the beginning of a sentence."""
    what = in_words(each)
    return what[0].upper() + what[1:]


def _row(each: Drain) -> dict[str, Any]:
    return {
        "id": each.id,
        "kind": each.kind,
        "name": each.name,
        "at_work": each.at_work,
        "since": each.drained_at,
        "reason": each.reason,
    }
