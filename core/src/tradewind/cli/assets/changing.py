"""The verbs of `tradewind assets` that bring something about."""

from __future__ import annotations

import argparse
import json
from datetime import datetime, timezone

from tradewind.cli.assets.finding import add_asset_argument, find_asset
from tradewind.cli.errors import CommandError
from tradewind.cli.runs.triggering import trigger
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.session import open_session
from tradewind.cli.shared.values import json_object
from tradewind.cli.shared.waking import wake_schedulers
from tradewind.cli.verbs import Verbs
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements import assets
from tradewind.transitions.assets import Source, tell
from tradewind.transitions.values import AssetNews


def add_verbs(verbs: Verbs) -> None:
    """Declare the verbs."""
    told = verbs.add("trigger-event", trigger_event)
    add_asset_argument(told)
    told.add_argument("-x", "--extra", type=json_object, default={}, help="JSON object: what to say of the new data")
    made = verbs.add("materialize", materialize)
    add_asset_argument(made)
    add_output_option(made)


def trigger_event(options: argparse.Namespace) -> None:
    """Tell of new data in an asset: DAGs that are scheduled on it take it as a task's success."""
    clock = SystemClock()
    ids = RandomIds(clock.now)
    with open_session(changes_states=True) as session:
        with session.database.read() as connection:
            row = find_asset(connection, options)
        if row.kind == assets.ALIAS:
            raise CommandError(
                f"{row.name!r} is an alias: tell of new data in one of the assets that it stands for.",
                exit_code=2,
                error_id="wrong-usage",
            )
        news = AssetNews(json.dumps({"asset": row.uri}), json.dumps(options.extra))
        told = session.database.write(lambda conn: tell(conn, [(news, Source())], now=clock.now(), ids=ids))
        wake_schedulers(session)
    waiting = told[0][1]
    print(f"An event of {row.name} is written; it waits for {waiting} DAG{'s' if waiting != 1 else ''}.")


def materialize(options: argparse.Namespace) -> None:
    """Trigger the DAG that makes an asset, where there is one such DAG."""
    with open_session(changes_states=True) as session:
        with session.database.read() as connection:
            row = find_asset(connection, options)
            dag_ids = sorted({each.dag_id for each in assets.references(connection, row.id) if each.role == "outlet"})
        if len(dag_ids) != 1:
            told = f"these DAGs make it: {', '.join(dag_ids)}" if dag_ids else "no DAG makes it"
            raise CommandError(
                f"{row.name} cannot be made by one DAG: {told}. Use `tradewind dags trigger DAG_ID`.",
                error_id="asset-not-made-by-one",
            )
        made = trigger(session, dag_ids[0], run_id=None, logical_date=datetime.now(timezone.utc), conf={})
    if options.output == "table":
        print(f"Run {made.run_id} of {dag_ids[0]} is made.")
    else:
        print_rows([{"dag_id": dag_ids[0], "run_id": made.run_id}], options.output)
