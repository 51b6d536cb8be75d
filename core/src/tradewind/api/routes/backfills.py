"""Backfills; Airflow 2 has them at the command line only."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.scheduling import (
    BackfillBody,
    BackfillChange,
    BackfillCollection,
    BackfillDateCollection,
    BackfillDateListQuery,
    BackfillListQuery,
    BackfillOfDagListQuery,
    BackfillSchema,
    CreatedBackfillSchema,
)
from tradewind.operations import backfills

ROUTES = (
    Route("GET", "/backfills", backfills.list_backfills, query=BackfillListQuery, answer=BackfillCollection),
    Route(
        "GET",
        "/dags/{dag_id}/backfills",
        backfills.list_backfills,
        query=BackfillOfDagListQuery,
        answer=BackfillCollection,
        name="list_backfills_of_dag",
    ),
    Route(
        "POST",
        "/dags/{dag_id}/backfills",
        backfills.create_backfill,
        body=BackfillBody,
        answer=CreatedBackfillSchema,
    ),
    Route("GET", "/dags/{dag_id}/backfills/{backfill_id}", backfills.get_backfill, answer=BackfillSchema),
    Route(
        "GET",
        "/dags/{dag_id}/backfills/{backfill_id}/dates",
        backfills.list_dates,
        query=BackfillDateListQuery,
        answer=BackfillDateCollection,
        name="list_backfill_dates",
    ),
    Route(
        "PATCH",
        "/dags/{dag_id}/backfills/{backfill_id}",
        backfills.change_backfill,
        body=BackfillChange,
        answer=BackfillSchema,
    ),
)
