"""Why something does not run, in one sentence."""

from __future__ import annotations

import argparse

from tradewind.cli.errors import CommandError
from tradewind.cli.parser import Parser
from tradewind.cli.shared.naming import ask_of_dag, find_run
from tradewind.cli.shared.operating import Operations, open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.operations import why as operation
from tradewind.operations.errors import NotFoundError


def configure(parser: Parser) -> None:
    """Declare the command."""
    parser.add_argument("dag_id")
    parser.add_argument("run_id", nargs="?", help="the run's id, or its logical date (default: ask of the DAG)")
    parser.add_argument("task_id", nargs="?", help="a task of it (default: ask of the run)")
    add_map_index(parser)
    add_output_option(parser)
    parser.set_defaults(run=why)
    parser.remote = frozenset({why})


def add_map_index(parser: argparse.ArgumentParser) -> None:
    """Declare the option that names an instance of a mapped task."""
    parser.add_argument("--map-index", type=int, default=-1, help="which instance of a mapped task, from 0")


def why(options: argparse.Namespace) -> None:
    """Say in one sentence why a DAG, a run or a task does not run; computed from what the schedulers decide by."""
    with open_operations(options) as operations:
        sentence = _sentence(operations, options)
    if options.output == "table":
        print(sentence)
    else:
        named = {"dag_id": options.dag_id, "run_id": options.run_id, "task_id": options.task_id}
        print_rows([{**named, "why": sentence}], options.output)


def _sentence(operations: Operations, options: argparse.Namespace) -> str:
    if options.run_id is None:
        return ask_of_dag(operations, operation.get_why, dag_id=options.dag_id).why
    run_id = find_run(operations, options.dag_id, options.run_id).run_id
    named = {"run_id": run_id}
    if options.task_id is not None:
        named |= {"task_id": options.task_id, "map_index": options.map_index}
    try:
        return operations.ask(operation.get_why, dag_id=options.dag_id, **named).why
    except NotFoundError as error:
        way = f"`tradewind tasks states-for-dag-run {options.dag_id} {run_id}` shows its tasks"
        raise CommandError(f"{error} {way}.", error_id="no-such-task") from error
