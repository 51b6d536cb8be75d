"""`tradewind dags delete`: the history of a DAG, and the DAG itself where its file is gone."""

from __future__ import annotations

import argparse
import sys

from tradewind.cli.shared.confirming import add_yes_option, confirm
from tradewind.cli.shared.naming import ask_of_dag
from tradewind.cli.shared.operating import Operations, open_operations
from tradewind.cli.verbs import Verbs
from tradewind.operations.dags.deleting import delete_dag
from tradewind.operations.dags.reading import get_dag
from tradewind.operations.errors import NotFoundError


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add("delete", run_delete, remote=True)
    verb.add_argument("dag_id")
    add_yes_option(verb)


def run_delete(options: argparse.Namespace) -> None:
    """Delete a DAG's runs, XComs and old versions; the DAG itself too, unless its file still defines it.

    Task logs are kept. Nothing is deleted while a run has not ended.
    """
    with open_operations(options) as operations:
        row = ask_of_dag(operations, get_dag, dag_id=options.dag_id).row
        what = "history" if row.is_active else "history and the DAG itself"
        confirm(f"The {what} of {options.dag_id} is to be deleted: runs, XComs, versions.", yes=options.yes)
        ask_of_dag(operations, delete_dag, dag_id=options.dag_id, tell=_tell_progress)
        is_there = _is_there(operations, options.dag_id)
    if is_there:
        print(f"The history of {options.dag_id} is deleted; the DAG stays, paused, as {row.path} defines it.")
    else:
        print(f"{options.dag_id} is deleted.")


def _is_there(operations: Operations, dag_id: str) -> bool:
    try:
        operations.ask(get_dag, dag_id=dag_id)
    except NotFoundError:
        return False
    return True


def _tell_progress(runs: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{runs} runs deleted", end="", file=sys.stderr, flush=True)
