"""`tradewind tasks list`: the tasks of a DAG, in the order in which they run."""

from __future__ import annotations

import argparse
from dataclasses import replace

from tradewind.cli.shared.naming import naming_dag
from tradewind.cli.shared.operating import open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.verbs import Verbs
from tradewind.operations.dags.drawing import draw_dag
from tradewind.operations.dags.reading import TOPOLOGICAL, list_tasks
from tradewind.operations.paging import ALL


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    listed = verbs.add("list", run_list, remote=True)
    listed.add_argument("dag_id")
    listed.add_argument("-t", "--tree", action="store_true", help="show each below what it waits for")
    add_output_option(listed)


def run_list(options: argparse.Namespace) -> None:
    """List the tasks of a DAG's current version, in topological order."""
    with open_operations(options) as operations, naming_dag(operations, options.dag_id):
        if options.tree:
            print(operations.ask(draw_dag, dag_id=options.dag_id, style="text").content, end="")
            return
        tasks = operations.ask_all(list_tasks, dag_id=options.dag_id, page=replace(ALL, order_by=TOPOLOGICAL))
    if options.output == "table":
        print("\n".join(each.task_id for each in tasks))
    else:
        rows = [
            {"task_id": each.task_id, "operator": each.task_type, "trigger_rule": each.trigger_rule, "pool": each.pool}
            for each in tasks
        ]
        print_rows(rows, options.output)
