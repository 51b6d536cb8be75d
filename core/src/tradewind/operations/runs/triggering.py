"""Making runs because somebody asks for them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from tradewind_plugins.exceptions import DagRunAlreadyExists

from tradewind.metadata.statements.browsing import idempotency, runs
from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.errors import ConflictError
from tradewind.transitions import triggering

CLI = "cli"
INSTANTS = ("logical_date", "data_interval_start", "data_interval_end", "queued_at", "started_at", "ended_at")


@operation("runs.trigger")
def trigger_run(
    context: Context,
    *,
    dag_id: str,
    run_id: str | None = None,
    logical_date: datetime | None = None,
    data_interval_start: datetime | None = None,
    data_interval_end: datetime | None = None,
    conf: Mapping[str, Any],
    note: str | None = None,
    idempotency_key: str | None = None,
) -> Any:
    """Make a run of a DAG's newest version, and return it.

    Arguments:
        run_id: its name; by default made of the logical date.
        logical_date: what it is about; now by default.
        data_interval_start, data_interval_end: both or none; by default the last complete interval of the schedule.
        conf: its values; those of the DAG's params are checked.
        idempotency_key: what the request calls itself: sent again within a day it makes nothing, and gets the first answer.
    Raises:
        DagNotFound: there is no such DAG, or its file is gone.
        DagRunAlreadyExists: the DAG has a run of that name.
        ParamValidationError: a value does not fit its param.
        ConflictError: another request had this idempotency key.
    """
    now = context.tools.clock.now()
    settings = context.tools.config.executor
    interval = None
    if data_interval_start is not None and data_interval_end is not None:
        interval = (data_interval_start, data_interval_end)
    wanted = {**context.arguments, "dag_id": dag_id}

    def make(connection: sa.Connection, entry: Entry) -> Any:
        made = triggering.trigger(
            connection,
            dag_id,
            run_id=run_id,
            logical_date=logical_date or now,
            conf=conf,
            triggered_by=context.actor.via if context.actor.via == CLI else "rest_api",
            note=note,
            data_interval=interval,
            graphs=context.tools.graphs,
            clock=context.tools.clock,
            ids=context.ids,
            executor=settings.default,
            queue=settings.queue,
        )
        entry.run_id = made.run_id
        entry.after = {"conf": dict(conf), "note": note}
        return runs.by_key(connection, made.run)

    if idempotency_key is None:
        return context.change(make)
    return _once(context, idempotency_key, wanted, make)


def _once(context: Context, key: str, wanted: Mapping[str, Any], make: Any) -> Any:
    """Make the run if no request of this key did, and keep the answer beside it, in one transaction."""
    actor, now = context.actor.name, context.tools.clock.now()
    text = json.dumps(
        {name: each for name, each in wanted.items() if name != "idempotency_key"}, default=str, sort_keys=True
    )
    digest = hashlib.sha256(text.encode()).hexdigest()

    def known(connection: sa.Connection) -> Any | None:
        found = idempotency.find(connection, actor, key)
        if found is None or found.created_at < now - idempotency.KEPT:
            return None
        if found.request_hash != digest:
            raise ConflictError(
                f"The key {key!r} was another request's within the last day: choose a new one for this one."
            )
        return _read(found.answer)

    def make_and_keep(connection: sa.Connection, entry: Entry) -> Any:
        idempotency.forget_old(connection, now=now)
        made = make(connection, entry)
        idempotency.add(connection, actor, key, request_hash=digest, answer=_written(made), now=now)
        return made

    with context.read() as connection:
        before = known(connection)
    if before is not None:
        return before
    try:
        return context.change(make_and_keep)
    except (IntegrityError, DagRunAlreadyExists):
        # The same request was under way beside this one, and is done
        with context.read() as connection:
            before = known(connection)
        if before is None:
            raise
        return before


def _written(run: Any) -> str:
    return json.dumps(
        {name: each.isoformat() if isinstance(each, datetime) else each for name, each in run._asdict().items()}
    )


def _read(answer: str) -> Any:
    values = json.loads(answer)
    instants = {name: datetime.fromisoformat(values[name]) for name in INSTANTS if values[name] is not None}
    return SimpleNamespace(**values | instants)
