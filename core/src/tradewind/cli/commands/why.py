"""Why something does not run, in one sentence."""

from __future__ import annotations

import argparse

import sqlalchemy as sa

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.finding import find_dag, find_run
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.session import Session, open_session
from tradewind.metadata.clock import SystemClock
from tradewind.transitions.loading import open_graphs
from tradewind.transitions.why import Why


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument("dag_id")
    parser.add_argument("run_id", nargs="?", help="the run's id, or its logical date (default: ask of the DAG)")
    parser.add_argument("task_id", nargs="?", help="a task of it (default: ask of the run)")
    add_map_index(parser)
    add_output_option(parser)
    parser.set_defaults(run=why)


def add_map_index(parser: argparse.ArgumentParser) -> None:
    """Declare the option that names an instance of a mapped task."""
    parser.add_argument("--map-index", type=int, default=-1, help="which instance of a mapped task, from 0")


def why(options: argparse.Namespace) -> None:
    """Say in one sentence why a DAG, a run or a task does not run; computed from what the schedulers decide by."""
    with open_session() as session, session.database.read() as connection:
        sentence = _sentence(session, connection, options)
    if options.output == "table":
        print(sentence)
    else:
        asked = {"dag_id": options.dag_id, "run_id": options.run_id, "task_id": options.task_id}
        print_rows([{**asked, "why": sentence}], options.output)


def _sentence(session: Session, connection: sa.Connection, options: argparse.Namespace) -> str:
    asked = Why(connection, open_graphs(session.config.plugins.codec), SystemClock())
    if options.run_id is None:
        return asked.dag(find_dag(connection, options.dag_id))
    run = find_run(connection, options.dag_id, options.run_id)
    if options.task_id is None:
        return asked.run(run)
    try:
        return asked.task(run, options.task_id, options.map_index)
    except LookupError as error:
        way = f"`tradewind tasks states-for-dag-run {run.dag_id} {run.run_id}` shows its tasks"
        raise CommandError(f"{error} {way}.", error_id="no-such-task") from error
