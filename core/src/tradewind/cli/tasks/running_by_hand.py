"""`tradewind tasks run`: one task instance as the scheduler would have it run, here and now."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from functools import partial

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.finding import add_run_argument, find_run
from tradewind.cli.shared.session import Session, open_session
from tradewind.cli.shared.waking import wake_schedulers
from tradewind.cli.verbs import Verbs
from tradewind.execution.by_hand import run_by_hand
from tradewind.execution.log_stores import keys_of_tries, open_log_store
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements import listings
from tradewind.transitions.dispatching import Aside, NotNowError, Wanted
from tradewind.transitions.loading import open_graphs
from tradewind.transitions.marking import mark_tasks
from tradewind.transitions.states import TaskState

FAILURES = (TaskState.FAILED, TaskState.UP_FOR_RETRY, TaskState.UPSTREAM_FAILED)


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add("run", run_task)
    verb.add_argument("dag_id")
    verb.add_argument("task_id")
    add_run_argument(verb)
    verb.add_argument("--map-index", type=int, default=-1, help="which instance of a mapped task, from 0")
    verb.add_argument("-f", "--force", action="store_true", help="also if it has ended: it is cleared first, alone")
    verb.add_argument(
        "-A",
        "--ignore-all-dependencies",
        action="store_true",
        help="past its trigger rule, past runs, the time of its next try, holds, and though its run has not started",
    )
    verb.add_argument(
        "-i",
        "--ignore-dependencies",
        action="store_true",
        help="past its trigger rule, past runs and the time of its next try",
    )
    verb.add_argument("-I", "--ignore-depends-on-past", action="store_true", help="past what past runs hold it by")
    verb.add_argument(
        "-d",
        "--depends-on-past",
        choices=("check", "ignore"),
        default="check",
        help="ignore: the same as --ignore-depends-on-past (default: check)",
    )
    verb.add_argument("-m", "--mark-success", action="store_true", help="do not run it: mark it as success")
    verb.add_argument("-l", "--local", action="store_true", help="run it in a process of this machine: always so")


def run_task(options: argparse.Namespace) -> int:
    """Run one task instance here and now: a real, recorded try, in a process under this one; exit code 1 if it fails.

    It needs what it needs when a scheduler starts it: its trigger rule satisfied, past runs done, nothing held. It takes its slots
    past the limits of pools. What is below goes on when it ends. Interrupt once and it goes on to its end; twice, and it is ended.
    """
    with open_session(changes_states=True) as session:
        with session.database.read() as connection:
            run = find_run(connection, options.dag_id, options.execution_date_or_run_id)
        if options.mark_success:
            _mark(session, run, options)
            return 0
        wanted = Wanted(run.id, options.task_id, options.map_index)
        try:
            run_by_hand(session.config, session.database, wanted, _aside(options))
        except NotNowError as error:
            raise CommandError(str(error), error_id="not-now") from error
        wake_schedulers(session)
        return _tell(session, run, options)


def _aside(options: argparse.Namespace) -> Aside:
    return Aside(
        state=options.force,
        past=options.ignore_depends_on_past or options.depends_on_past == "ignore",
        upstream=options.ignore_dependencies,
        everything=options.ignore_all_dependencies,
    )


def _mark(session: Session, run: listings.RunRow, options: argparse.Namespace) -> None:
    clock = SystemClock()
    graphs = open_graphs(session.config.plugins.codec)
    mark = partial(mark_tasks, graphs=graphs, clock=clock, ids=RandomIds(clock.now))
    indexes = None if options.map_index < 0 else [options.map_index]
    try:
        session.database.write(lambda c: mark(c, run.id, [options.task_id], TaskState.SUCCESS, map_indexes=indexes))
    except LookupError as error:
        raise CommandError(str(error), error_id="no-such-task") from error
    wake_schedulers(session)
    print(f"{options.task_id}: marked as success.")


def _tell(session: Session, run: listings.RunRow, options: argparse.Namespace) -> int:
    """Print the log of the try and how it left the task; return the exit code."""
    with closing(open_log_store(session.config)) as store:
        with session.database.read() as connection:
            rows = listings.list_tasks(connection, run.id)
        task = next(row for row in rows if (row.task_id, row.map_index) == (options.task_id, options.map_index))
        for key in keys_of_tries(session.database, store, run, task)[-1:]:
            sys.stdout.write(store.read(key).decode(errors="replace"))
    print(f"{options.task_id}: {task.state}.")
    return 1 if task.state in FAILURES else 0
