"""What a task reads of events of assets: pages of them, as a message carries them."""

from __future__ import annotations

from typing import Any

from tradewind.execution.instants import microseconds
from tradewind.execution.messages import ReadAssetEvents, Start
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import assets
from tradewind.metadata.statements.assets import EventRow

PAGE = 500


def asset_event_page(database: Database, start: Start, request: ReadAssetEvents) -> dict[str, Any]:
    """Return the page of events that a running task asks for: `rows`, and `total`, how many there are in all."""
    which = assets.of_run(start.run) if request.of == "run" else assets.of_asset(request.of, request.name)
    with database.read() as conn:
        total = assets.count_events(conn, which)
        found = assets.events(conn, which, most=PAGE, after=request.after) if total else []
    return {"total": total, "rows": [_row(each) for each in found]}


def _row(event: EventRow) -> dict[str, Any]:
    told = event.asset
    return {
        "id": event.id,
        "asset": {"name": told.name, "uri": told.uri, "group": told.group, "extra": told.extra},
        "at": microseconds(event.at),
        "extra": event.extra,
        "dag_id": event.dag_id,
        "run_id": event.run_id,
        "task_id": event.task_id,
        "map_index": event.map_index,
        "run": None if event.source is None else _source(event.source),
    }


def _source(run: dict[str, Any]) -> dict[str, Any]:
    moments = ("logical_date", "data_interval_start", "data_interval_end")
    found = {name: microseconds(run[name]) for name in moments}
    return {"run_type": run["run_type"], "start_date": microseconds(run["started_at"]), **found}
