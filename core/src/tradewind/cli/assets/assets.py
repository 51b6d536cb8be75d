"""Assets: list them, see their events, tell of new data, have one made."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from tradewind.cli.assets.finding import add_asset_argument, asset_named, find_asset
from tradewind.cli.shared.operating import open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.values import positive
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements.asset_pages import AssetPageRow, EventPageRow
from tradewind.metadata.statements.assets import ALIAS, ASSET
from tradewind.operations.datasets import reading
from tradewind.operations.paging import ALL, Paging


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    listed = verbs.add("list", list_assets, remote=True)
    listed.add_argument("--alias", action="store_true", help="aliases instead of assets")
    add_output_option(listed)
    details = verbs.add("details", details_of_asset, remote=True)
    add_asset_argument(details)
    add_output_option(details)
    events = verbs.add("events", list_events, remote=True)
    events.add_argument("asset", nargs="?", help="of this asset only: its URI or name")
    events.add_argument("--limit", type=positive, default=100, help="newest events shown at most (default: 100)")
    add_output_option(events)
    add_output_option(verbs.add("watchers", list_watchers, remote=True))
    # What changes states knows of runs and versions: the other verbs need not wait for it
    verbs.elsewhere(
        {
            "trigger-event": "Tell of new data in an asset: DAGs that are scheduled on it take it as a task's success.",
            "materialize": "Trigger the DAG that makes an asset, where there is one such DAG.",
        },
        "tradewind.cli.assets.changing",
    )


def list_assets(options: argparse.Namespace) -> None:
    """List the assets that DAG files name, with how many tasks make and how many DAGs wait for each."""
    kind = ALIAS if options.alias else ASSET
    with open_operations(options) as operations:
        found = operations.ask_all(reading.list_datasets, kinds=[kind], page=replace(ALL, order_by="name"))
    rows = [_shown(each) for each in found]
    empty = 'No assets yet: name one in a DAG file, with outlets=[Asset("s3://…")] or schedule=[Asset("s3://…")].'
    print_rows(rows, options.output, empty=empty)


def list_watchers(options: argparse.Namespace) -> None:
    """List the watchers of assets: their triggers, which triggerer runs each, and what is wrong with it."""
    with open_operations(options) as operations:
        found = operations.ask_all(reading.list_watchers)
    rows = [
        {
            "dag_id": each.dag_id,
            "asset": each.uri,
            "watcher": each.name,
            "trigger": each.classpath,
            "triggerer": each.triggerer,
            "again_at": each.due_at,
            "problem": each.problem,
        }
        for each in found
    ]
    print_rows(rows, options.output, empty="No asset is watched: give one watchers=[AssetWatcher(…)] in a DAG file.")


def _shown(row: AssetPageRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "uri": row.uri,
        "group": row.group,
        "made_by": len(row.producers),
        "waited_for_by": len(row.consumers),
        "last_event": row.last_event_at,
    }


def details_of_asset(options: argparse.Namespace) -> None:
    """Show an asset: what is said of it, the tasks that make it and read it, the DAGs that are scheduled on it."""
    with open_operations(options) as operations:
        row = find_asset(operations, options)
    shown = {
        **{name: value for name, value in _shown(row).items() if name not in {"made_by", "waited_for_by"}},
        "extra": row.extra,
        "made_by": [f"{each.dag_id}.{each.task_id}" for each in row.producers],
        "read_by": [f"{each.dag_id}.{each.task_id}" for each in row.readers],
        "waited_for_by": [each.dag_id for each in row.consumers],
    }
    rows = [shown] if options.output in {"json", "yaml"} else [{"field": k, "value": v} for k, v in shown.items()]
    print_rows(rows, options.output)


def list_events(options: argparse.Namespace) -> None:
    """List events of assets, the newest first: when, from which task, and which runs they made."""
    newest = Paging(limit=options.limit, order_by="timestamp", is_descending=True)
    with open_operations(options) as operations:
        which = {}
        if options.asset is not None:
            row = asset_named(operations, options.asset)
            which = {"alias_id" if row.kind == ALIAS else "dataset_id": row.id}
        found = operations.ask_all(reading.list_dataset_events, page=newest, **which)
    rows = [_event_row(each) for each in found]
    print_rows(
        rows, options.output, empty="No events yet: a task tells of one when it succeeds, for each of its outlets."
    )


def _event_row(event: EventPageRow) -> dict[str, Any]:
    by = "-" if event.dag_id is None else f"{event.dag_id}.{event.task_id}"
    return {
        "at": event.at,
        "asset": event.name,
        "from": by,
        "run_id": event.run_id,
        "extra": event.extra,
        "made": [f"{each.dag_id} {each.run_id}" for each in event.runs],
    }
