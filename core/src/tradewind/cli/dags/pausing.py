"""`tradewind dags pause` and `unpause`: one DAG, or all whose ids match."""

from __future__ import annotations

import argparse

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.confirming import add_yes_option, confirm
from tradewind.cli.shared.naming import ask_of_dag
from tradewind.cli.shared.operating import Operations, open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.values import pattern
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements.browsing.dags import DagFilter
from tradewind.operations.dags.changing import change_dag
from tradewind.operations.dags.reading import list_dags
from tradewind.plugins.imports import load


def add_verbs(verbs: Verbs) -> None:
    """Declare the verbs."""
    for verb, run in (("pause", pause_dags), ("unpause", unpause_dags)):
        change = verbs.add(verb, run, remote=True)
        change.add_argument("dag_id")
        change.add_argument(
            "--treat-dag-id-as-regex", action="store_true", help="DAG_ID is a regular expression: every DAG it matches"
        )
        if verb == "unpause":
            change.add_argument(
                "-d", "--dry-run", action="store_true", help="show which runs that would make, and change nothing"
            )
        add_yes_option(change)
        add_output_option(change)


def pause_dags(options: argparse.Namespace) -> None:
    """Pause a DAG: no new runs, and runs that have not begun do not start."""
    _pause_or_unpause(options, paused=True)


def unpause_dags(options: argparse.Namespace) -> None:
    """Unpause a DAG."""
    _pause_or_unpause(options, paused=False)


def _pause_or_unpause(options: argparse.Namespace, *, paused: bool) -> None:
    word = "paused" if paused else "unpaused"
    with open_operations(options) as operations:
        named = _matching(operations, options.dag_id) if options.treat_dag_id_as_regex else [options.dag_id]
        if not paused and options.dry_run:
            # By name: what reads versions is not loaded to pause one
            load("tradewind.cli.dags.coming_runs:preview", "--dry-run")(operations, named, options.output)
            return
        if options.treat_dag_id_as_regex:
            confirm(f"{len(named)} DAGs are to be {word}: {', '.join(named)}.", yes=options.yes)
        for dag_id in named:
            ask_of_dag(operations, change_dag, dag_id=dag_id, is_paused=paused)
    if options.output == "table":
        print("\n".join(f"{dag_id} is {word}." for dag_id in named))
    else:
        print_rows([{"dag_id": dag_id, "paused": paused} for dag_id in named], options.output)


def _matching(operations: Operations, text: str) -> list[str]:
    try:
        wanted = pattern(text)
    except argparse.ArgumentTypeError as error:
        raise CommandError(str(error), exit_code=2, error_id="wrong-usage") from error
    known = [each.row.dag_id for each in operations.ask_all(list_dags, wanted=DagFilter())]
    found = [dag_id for dag_id in known if wanted.search(dag_id)]
    if not found:
        raise CommandError(f"No DAG id matches {text!r}: `tradewind dags list` shows all.", error_id="no-such-dag")
    return found
