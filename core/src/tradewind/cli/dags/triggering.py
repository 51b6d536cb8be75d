"""`tradewind dags trigger`: a run made by the command line."""

from __future__ import annotations

import argparse
import sys

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.naming import ask_of_dag, if_allowed, naming_dag
from tradewind.cli.shared.operating import Operations, open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.values import instant, json_object
from tradewind.cli.verbs import Verbs
from tradewind.operations.dags.changing import change_dag
from tradewind.operations.dags.reading import get_dag
from tradewind.operations.runs.triggering import trigger_run
from tradewind.plugins.imports import load


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    trigger = verbs.add("trigger", trigger_dag, remote=True)
    trigger.add_argument("dag_id")
    trigger.add_argument("-c", "--conf", type=json_object, default={}, help="JSON object: the run's conf and params")
    trigger.add_argument("-r", "--run-id", help="the run's name (default: manual__ and the time)")
    trigger.add_argument("-e", "--logical-date", "--exec-date", type=instant, help="ISO 8601 (default: now)")
    trigger.add_argument("--note", help="what to remember of the run; `dags list-runs` shows it")
    trigger.add_argument(
        "--wait", action="store_true", help="show progress until the run ends; exit code 1 if it failed"
    )
    trigger.add_argument(
        "--unpause", action="store_true", help="unpause the DAG first: runs of a paused one do not start"
    )
    add_output_option(trigger)


def trigger_dag(options: argparse.Namespace) -> int:
    """Make a run of a DAG, now; with --wait show its progress and end with its outcome."""
    with open_operations(options, changes_states=True) as operations:
        if options.unpause:
            ask_of_dag(operations, change_dag, dag_id=options.dag_id, is_paused=False)
        run_id = _trigger(operations, options)
        if options.output == "table":
            print(f"Run {run_id} of {options.dag_id} is made.")
        else:
            print_rows([{"dag_id": options.dag_id, "run_id": run_id, "conf": options.conf}], options.output)
        if if_allowed(lambda: operations.ask(get_dag, dag_id=options.dag_id).row.is_paused, otherwise=False):
            way = f"`tradewind dags unpause {options.dag_id}` starts it, `--unpause` does so when you trigger"
            text = f"{options.dag_id} is paused, so the run waits: {way}."
            if options.wait:
                raise CommandError(text, error_id="dag-paused")
            print(text, file=sys.stderr)
        if not options.wait:
            return 0
        # By name: what shows progress is not loaded to make a run
        code: int = load("tradewind.cli.runs.following:follow", "--wait")(operations, options.dag_id, run_id)
        return code


def _trigger(operations: Operations, options: argparse.Namespace) -> str:
    with naming_dag(operations, options.dag_id):
        made = operations.ask(
            trigger_run,
            dag_id=options.dag_id,
            run_id=options.run_id,
            logical_date=options.logical_date,
            conf=options.conf,
            note=options.note,
        )
    return str(made.run_id)
