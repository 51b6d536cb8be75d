"""The lists, and what is written, on each kind of database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from tradewind.access.actors import Actor
from tradewind.metadata import tables
from tradewind.operations.context import Tools

DATE = "2026-11-23T12:00:00Z"
RANGES = {
    f"{name}_{end}": DATE
    for name in ("execution_date", "start_date", "end_date", "updated_at")
    for end in ("gte", "lte")
}
RUNS = "/api/v1/dags/~/dagRuns"
INSTANCES = f"{RUNS}/~/taskInstances"
LISTS = (
    "callbacks?failed=true",
    "deadlines?missed=true",
    "watchers",
    "backfills?backfill_id=1",
    "datasets?kind=alias,asset&named=one&order_by=name",
    "datasets/events?alias_id=1&order_by=-timestamp",
)
COPIED = (tables.dag, tables.dag_version, tables.dag_file, tables.source_blob)


@pytest.fixture
def client(tools: Tools, parsed_api: Path, app_of: Callable[[Tools, Actor], Flask]) -> Iterator[FlaskClient]:
    """Asks about DAGs that were parsed elsewhere."""
    source = sa.create_engine(f"sqlite:///{parsed_api / 'tradewind.db'}")
    with source.connect() as parsed, tools.database.transaction() as connection:
        for table in COPIED:
            rows = [row._asdict() for row in parsed.execute(sa.select(table))]
            connection.execute(table.insert(), rows)
    source.dispose()
    with app_of(tools, Actor("ada", 1, None)).test_client() as client:
        yield client


def test_what_is_asked_and_written_holds_on_each_database(client: FlaskClient) -> None:
    key = {"Idempotency-Key": "k"}
    made = client.post("/api/v1/dags/chain/dagRuns", json={"conf": {"n": 1}, "note": "ä"}, headers=key)
    assert made.status_code == 200, made.json
    assert (
        client.post("/api/v1/dags/chain/dagRuns", json={"conf": {"n": 1}, "note": "ä"}, headers=key).json == made.json
    )
    assert client.post("/api/v1/dags/chain/dagRuns", json={"conf": {"n": 2}}, headers=key).status_code == 409
    run = f"/api/v1/dags/chain/dagRuns/{made.json['dag_run_id']}"
    for note in ("one", "two"):
        assert client.patch(f"{run}/setNote", json={"note": note}).json["note"] == note
        assert client.patch(f"{run}/taskInstances/first/setNote", json={"note": note}).json["note"] == note
    assert client.get(f"{run}/taskInstances").json["total_entries"] == 3
    assert client.patch(run, json={"state": "failed"}).json["state"] == "failed"
    assert client.post(f"{run}/clear", json={"dry_run": False}).json["state"] in {"queued", "running"}
    assert client.get(f"{RUNS}?order_by=-start_date&limit=1").json["total_entries"] == 1
    assert client.patch(run, json={"state": "success"}).json["state"] == "success"
    ordered = client.get(f"{run}/taskInstances?order_by=topological").json["task_instances"]
    assert [(each["task_id"], each["cause"]) for each in ordered] == [
        (name, "marked as success, with its run, by hand") for name in ("first", "middle", "last")
    ]
    named = {"dag_run_ids": [made.json["dag_run_id"]]}
    assert client.get("/api/v1/dags/chain/taskIds", query_string=named).json["task_ids"] == ["first", "last", "middle"]
    assert client.post("/api/v1/dags/chain/clearTasks", json=named).json["dag_runs"][0]["number"] == 3
    mark = {**named, "task_id": "last", "new_state": "failed", "dry_run": False}
    assert client.post("/api/v1/dags/chain/markTasks", json=mark).json["dag_runs"][0]["becomes"] == "failed"
    for path in LISTS:
        assert client.get(f"/api/v1/{path}").json["total_entries"] == 0, path
    assert client.delete(run).status_code == 204
    assert client.get(INSTANCES).json["total_entries"] == 0


@pytest.mark.parametrize(
    ("url", "query"),
    [
        (RUNS, RANGES | {"state": "failed", "order_by": "-dag_run_id"}),
        (
            INSTANCES,
            RANGES
            | {"duration_gte": 1, "duration_lte": 2.5, "state": "none", "pool": "p", "queue": "q", "executor": "e"},
        ),
        (INSTANCES, {"start_date_gte": DATE}),
        (INSTANCES, {"updated_at_gte": DATE}),
        (INSTANCES, {"execution_date_lte": DATE, "limit": 1}),
        ("/api/v1/dags", {"tags": "a", "dag_id_pattern": "CH%n", "paused": "false", "order_by": "-last_parsed_time"}),
        ("/api/v1/dagStats", {"dag_ids": "chain,none"}),
        (f"{INSTANCES}/~/xcomEntries", {"xcom_key": "k", "map_index": 1}),
    ],
)
@pytest.mark.parametrize("database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_every_filter_is_a_statement_that_postgresql_understands(
    client: FlaskClient, url: str, query: dict[str, Any]
) -> None:
    found = client.get(url, query_string=query)
    assert found.status_code == 200, found.json
    assert found.json["total_entries"] == len(found.json.get("dags", ()))
