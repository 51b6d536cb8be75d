"""Finding the DAG and the run that a command names; what is not there gets a sentence with the way out."""

from __future__ import annotations

import argparse

import sqlalchemy as sa

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.unknown import no_such_dag
from tradewind.cli.shared.values import as_instant
from tradewind.metadata.statements import listings


def add_run_argument(parser: argparse.ArgumentParser) -> None:
    """Add the argument that names a run; `find_run` reads it."""
    parser.add_argument(
        "execution_date_or_run_id", metavar="EXECUTION_DATE_OR_RUN_ID", help="the run's id, or its logical date"
    )


def find_dag(connection: sa.Connection, dag_id: str) -> listings.DagRow:
    """Return a DAG, also one whose file is gone.

    Raises:
        CommandError: there is no such DAG; the message names the nearest id.
    """
    found = listings.list_dags(connection, dag_id=dag_id, include_inactive=True)
    if not found:
        raise CommandError(no_such_dag(connection, dag_id), error_id="no-such-dag")
    return found[0]


def find_run(connection: sa.Connection, dag_id: str, name: str) -> listings.RunRow:
    """Return a run by its id, or by its logical date in ISO 8601 (the newest, where several have it).

    Raises:
        CommandError: there is no such run.
    """
    found = listings.list_runs(connection, dag_id=dag_id, run_id=name, limit=1)
    moment = as_instant(name)
    if not found and moment is not None:
        found = listings.list_runs(connection, dag_id=dag_id, since=moment, until=moment, limit=1)
    if not found:
        find_dag(connection, dag_id)
        raise CommandError(
            f"There is no run {name!r} of a DAG {dag_id!r}: `tradewind dags list-runs -d {dag_id}` shows its runs.",
            error_id="no-such-run",
        )
    return found[0]
