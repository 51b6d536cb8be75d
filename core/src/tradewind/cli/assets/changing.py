"""The verbs of `tradewind assets` that bring something about."""

from __future__ import annotations

import argparse

from tradewind.cli.assets.finding import add_asset_argument, find_asset
from tradewind.cli.errors import CommandError
from tradewind.cli.shared.operating import open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.values import json_object
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements.assets import ALIAS
from tradewind.operations.datasets.changing import create_dataset_event
from tradewind.operations.runs.triggering import trigger_run


def add_verbs(verbs: Verbs) -> None:
    """Declare the verbs."""
    told = verbs.add("trigger-event", trigger_event, remote=True)
    add_asset_argument(told)
    told.add_argument("-x", "--extra", type=json_object, default={}, help="JSON object: what to say of the new data")
    made = verbs.add("materialize", materialize, remote=True)
    add_asset_argument(made)
    add_output_option(made)


def trigger_event(options: argparse.Namespace) -> None:
    """Tell of new data in an asset: DAGs that are scheduled on it take it as a task's success."""
    with open_operations(options, changes_states=True) as operations:
        row = find_asset(operations, options)
        if row.kind == ALIAS:
            raise CommandError(
                f"{row.name!r} is an alias: tell of new data in one of the assets that it stands for.",
                exit_code=2,
                error_id="wrong-usage",
            )
        waiting = operations.ask(create_dataset_event, uri=row.uri, extra=options.extra).waits_for
    print(f"An event of {row.name} is written; it waits for {waiting} DAG{'s' if waiting != 1 else ''}.")


def materialize(options: argparse.Namespace) -> None:
    """Trigger the DAG that makes an asset, where there is one such DAG."""
    with open_operations(options, changes_states=True) as operations:
        row = find_asset(operations, options)
        dag_ids = sorted({each.dag_id for each in row.producers})
        if len(dag_ids) != 1:
            told = f"these DAGs make it: {', '.join(dag_ids)}" if dag_ids else "no DAG makes it"
            raise CommandError(
                f"{row.name} cannot be made by one DAG: {told}. Use `tradewind dags trigger DAG_ID`.",
                error_id="asset-not-made-by-one",
            )
        made = operations.ask(trigger_run, dag_id=dag_ids[0], conf={})
    if options.output == "table":
        print(f"Run {made.run_id} of {dag_ids[0]} is made.")
    else:
        print_rows([{"dag_id": dag_ids[0], "run_id": made.run_id}], options.output)
