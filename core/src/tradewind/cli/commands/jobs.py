"""Which daemons live, by their leases: `list` shows them with lag and lease, `check` ends with 1 unless one lives."""

from __future__ import annotations

import argparse
import socket
from typing import Any

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.operating import open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements.daemons import Job
from tradewind.operations import jobs
from tradewind.operations.paging import ALL, Paging

# Airflow's names beside our kinds: a probe that was written for it goes on working
JOB_TYPES = {
    "scheduler": "scheduler",
    "processor": "processor",
    "worker": "worker",
    "triggerer": "triggerer",
    "SchedulerJob": "scheduler",
    "DagProcessorJob": "processor",
    "TriggererJob": "triggerer",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    check = verbs.add("check", check_jobs, remote=True)
    _add_choice(check)
    check.add_argument("--limit", type=int, default=1, metavar="N", help="look at the N last heard of; 0: at all")
    check.add_argument("--allow-multiple", action="store_true", help="more than one may live; needs a --limit above 1")
    listed = verbs.add("list", list_jobs, remote=True)
    _add_choice(listed)
    listed.add_argument("--limit", type=int, default=50, metavar="N", help="show the N last heard of; 0: all")
    add_output_option(listed)


def _add_choice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--job-type", choices=list(JOB_TYPES), help="only daemons of this kind")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--hostname", metavar="HOST", help="only on this host")
    where.add_argument("--local", action="store_true", help="only on this host")


def check_jobs(options: argparse.Namespace) -> None:
    """End with 0 if a daemon lives, with 1 if none does."""
    if options.allow_multiple and options.limit == 1:
        raise CommandError(
            "--allow-multiple needs a --limit above 1, or 0 for all.", exit_code=2, error_id="wrong-usage"
        )
    found = _jobs(options, live_only=True)
    what = options.job_type or "daemon"
    if not found:
        raise CommandError(
            f"No {what} lives{_where(options)}: `tradewind jobs list` shows when each was last heard of.",
            error_id="no-daemon",
        )
    if len(found) > 1 and not options.allow_multiple:
        raise CommandError(
            f"{len(found)} of the kind {what} live{_where(options)}; --allow-multiple allows that.",
            error_id="several-daemons",
        )
    names = ", ".join(f"{each.kind} (pid {each.pid} on {each.host})" for each in found)
    print(f"Lives: {names}.")


def list_jobs(options: argparse.Namespace) -> None:
    """List daemons with how long ago they renewed their lease; the last heard of first."""
    print_rows([_row(each) for each in _jobs(options, live_only=False)], options.output)


def _jobs(options: argparse.Namespace, *, live_only: bool) -> list[Job]:
    if options.limit < 0:
        raise CommandError("--limit must be 0 or more.", exit_code=2, error_id="wrong-usage")
    with open_operations(options) as operations:
        return operations.ask_all(
            jobs.list_jobs,
            page=Paging(limit=options.limit) if options.limit else ALL,
            kind=JOB_TYPES.get(options.job_type),
            host=socket.gethostname() if options.local else options.hostname,
            live_only=live_only,
        )


def _where(options: argparse.Namespace) -> str:
    host = socket.gethostname() if options.local else options.hostname
    return f" on {host}" if host else ""


def _row(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "job_type": job.kind,
        "state": job.state,
        "hostname": job.host,
        "pid": job.pid,
        "started_at": job.started_at,
        "latest_heartbeat": job.renewed_at,
        "lag_seconds": job.lag_seconds,
        "lease_until": job.expires_at,
        "ended_at": job.ended_at,
        "end_cause": job.end_cause,
    }
