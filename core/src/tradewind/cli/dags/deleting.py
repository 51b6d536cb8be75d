"""`tradewind dags delete`: the history of a DAG, and the DAG itself where its file is gone."""

from __future__ import annotations

import argparse
import sys

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.confirming import add_yes_option, confirm
from tradewind.cli.shared.finding import find_dag
from tradewind.cli.shared.session import open_session
from tradewind.cli.verbs import Verbs
from tradewind.metadata.cleaning import StillRunningError, delete_dag
from tradewind.plugins.xcoms import open_xcom_storage

RUNS_AT_ONCE = 50
NAMED = 3


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add("delete", run_delete)
    verb.add_argument("dag_id")
    add_yes_option(verb)


def run_delete(options: argparse.Namespace) -> None:
    """Delete a DAG's runs, XComs and old versions; the DAG itself too, unless its file still defines it.

    Task logs are kept. Nothing is deleted while a run has not ended.
    """
    with open_session() as session:
        with session.database.read() as connection:
            row = find_dag(connection, options.dag_id)
        what = "history" if row.is_active else "history and the DAG itself"
        confirm(f"The {what} of {options.dag_id} is to be deleted: runs, XComs, versions.", yes=options.yes)
        plugins = session.config.plugins
        storage = open_xcom_storage(plugins.xcom_storage, plugins.xcom_location)
        try:
            is_gone = delete_dag(
                session.database, options.dag_id, storage=storage, batch=RUNS_AT_ONCE, tell=_tell_progress
            )
        except StillRunningError as error:
            raise CommandError(_still_running(options.dag_id, error.run_ids), error_id="task-running") from error
    if is_gone:
        print(f"{options.dag_id} is deleted.")
    else:
        print(f"The history of {options.dag_id} is deleted; the DAG stays, paused, as {row.path} defines it.")


def _tell_progress(runs: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{runs} runs deleted", end="", file=sys.stderr, flush=True)


def _still_running(dag_id: str, run_ids: list[str]) -> str:
    names = ", ".join(run_ids[:NAMED]) + (f" and {len(run_ids) - NAMED} more" if len(run_ids) > NAMED else "")
    return (
        f"Nothing is deleted, as runs of {dag_id} have not ended: {names}. The DAG is paused now, so no new ones begin: try "
        f"again when they have (`tradewind dags list-runs -d {dag_id}`)."
    )
