"""`tradewind dags trigger`: a run made by the command line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tradewind.cli.shared.session import Session
from tradewind.cli.shared.waking import wake_schedulers
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.ids import RandomIds
from tradewind.transitions import triggering
from tradewind.transitions.loading import open_graphs


def trigger(
    session: Session,
    dag_id: str,
    *,
    run_id: str | None,
    logical_date: datetime,
    conf: Mapping[str, Any],
    note: str | None = None,
) -> triggering.Triggered:
    """Make a run and wake a scheduler; see `tradewind.transitions.triggering.trigger`."""
    clock = SystemClock()
    ids = RandomIds(clock.now)
    graphs = open_graphs(session.config.plugins.codec)
    made = session.database.write(
        lambda connection: triggering.trigger(
            connection,
            dag_id,
            run_id=run_id,
            logical_date=logical_date,
            conf=conf,
            triggered_by="cli",
            note=note,
            graphs=graphs,
            clock=clock,
            ids=ids,
            executor=session.config.executor.default,
            queue=session.config.executor.queue,
        ),
    )
    wake_schedulers(session)
    return made
