"""What `tradewind --server URL dags …` asks of the server."""

from __future__ import annotations

import argparse
import sys

from tradewind.cli.errors import WRONG_USAGE, CommandError
from tradewind.cli.shared.operating import open_operations
from tradewind.cli.shared.output import print_rows
from tradewind.operations.dags.changing import change_dag
from tradewind.operations.dags.reading import get_dag
from tradewind.operations.runs.triggering import trigger_run


def trigger(options: argparse.Namespace) -> int:
    """Have the server make a run; see `dags trigger`."""
    if options.wait:
        _refuse("--wait")
    with open_operations(options) as operations:
        if options.unpause:
            operations.ask(change_dag, dag_id=options.dag_id, is_paused=False)
        is_paused = operations.ask(get_dag, dag_id=options.dag_id).row.is_paused
        made = operations.ask(
            trigger_run,
            dag_id=options.dag_id,
            run_id=options.run_id,
            logical_date=options.logical_date,
            conf=options.conf,
            note=options.note,
        )
    if options.output == "table":
        print(f"Run {made.run_id} of {options.dag_id} is made.")
    else:
        print_rows([{"dag_id": options.dag_id, "run_id": made.run_id, "conf": options.conf}], options.output)
    if is_paused:
        way = f"`tradewind dags unpause {options.dag_id}` starts it, `--unpause` does so when you trigger"
        print(f"{options.dag_id} is paused, so the run waits: {way}.", file=sys.stderr)
    return 0


def pause(options: argparse.Namespace, *, paused: bool) -> None:
    """Have the server pause or unpause a DAG."""
    if options.treat_dag_id_as_regex:
        _refuse("--treat-dag-id-as-regex")
    if getattr(options, "dry_run", False):
        _refuse("--dry-run")
    with open_operations(options) as operations:
        operations.ask(change_dag, dag_id=options.dag_id, is_paused=paused)


def _refuse(option: str) -> None:
    raise CommandError(
        f"{option} needs the database: leave it out, or leave out --server.", exit_code=2, error_id=WRONG_USAGE
    )
