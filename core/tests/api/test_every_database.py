"""Lists with all that narrows them down, on every database: the statements are one for all."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from tradewind.access.actors import Actor
from tradewind.metadata.statements import asset_pages, assets
from tradewind.metadata.statements.browsing import runs
from tradewind.operations.context import Tools

URL = "/api/v1"
MOMENT = "2026-11-23T12:00:00Z"
PATHS = (
    "variables?order_by=-description&limit=2&offset=1",
    "connections?order_by=-port&connection_id=c&with_extra=true",
    "importErrors?order_by=-timestamp",
    "dagWarnings?order_by=-timestamp&warning_type=x",
    "fileWarnings",
    "dagFiles",
    "dagDependencies",
    f"dags/~/dagRuns?run_type=manual,dataset_triggered&state=failed&execution_date_gte={MOMENT}&order_by=-id",
    "datasets?uri_pattern=S3://%25_\\&dag_ids=a,b&order_by=-id",
    f"datasets/events?dataset_id={2**62}&source_dag_id=a&source_map_index=-1&order_by=-source_run_id",
    f"eventLogs?before={MOMENT}&after={MOMENT}&included_events=a&excluded_events=b&map_index=0&order_by=-when",
    "users?order_by=-last_login&email=a@example.org",
    "roles?order_by=-name",
    "tokens?everybody=true",
    "backfills?only_open=true",
    "holds",
    "drains",
    "jobs?job_type=worker&hostname=h&live_only=true",
    "cluster",
    "health",
)
NONE = (
    f"datasets/queuedEvent/s3://b/k?before={MOMENT}",
    f"dags/d/datasets/queuedEvent/s3://b/k?before={MOMENT}",
    "datasets/s3://b/k",
    "importErrors/5",
    "eventLogs/5",
    "dags/d/versions",
    "dags/d/versions/1",
    "dags/d/backfills/5",
    "dags/d/backfills/5/dates",
    "dags/d/nextRuns",
    "dags/d/nextRuns?schedule=@daily&catchup=latest&anew=true",
    "dags/d/unpausePreview",
    "dags/d/drawing?format=text",
    "dags/d/details",
    "dags/d/why",
    "dags/d/dagRuns/r/why",
    "dags/d/dagRuns/r/wait?names_tasks=true",
    "dags/d/dagRuns/r/upstreamDatasetEvents",
)


def test_every_list_is_answered_by_every_database(client: FlaskClient) -> None:
    for path in PATHS:
        answer = client.get(f"{URL}/{path}")
        assert answer.status_code == 200, (path, answer.text)
    for path in NONE:
        answer = client.get(f"{URL}/{path}")
        assert answer.status_code == 404, (path, answer.text)


def test_every_list_over_dags_is_cut_down_by_every_database(tools: Tools, app_of: Any) -> None:
    some = app_of(tools, Actor("bob", 2, None, dags=frozenset({"a", "b"}))).test_client()
    for path in (
        "importErrors",
        "dagWarnings",
        "fileWarnings",
        "dagFiles",
        "dagDependencies",
        "eventLogs",
        "backfills",
        "holds",
    ):
        assert some.get(f"{URL}/{path}").json["total_entries"] == 0, path


def test_what_runs_and_what_has_failed_is_read_by_every_database(tools: Tools) -> None:
    with tools.database.read() as connection:
        assert [*runs.running(connection, 5, most=1), *runs.failures(connection, [5], most=1)] == []


def test_an_asset_is_found_and_its_events_told_by_every_database(client: FlaskClient, tools: Tools) -> None:
    tools.database.write(lambda c: assets.put(c, [{"asset": "s3://b/k", "extra": {"a": 1}}]))
    assert client.get(f"{URL}/datasets?uri_pattern=B/K").json["total_entries"] == 1
    told = client.post(f"{URL}/datasets/events", json={"dataset_uri": "s3://b/k"}).json
    found = client.get(f"{URL}/datasets/events?dataset_id={told['dataset_id']}").json["dataset_events"]
    assert [each["id"] for each in found] == [told["id"]]
    assert tools.database.write(lambda c: asset_pages.forget_waiting(c, uri="s3://b/k")) == 0


def test_many_rows_are_written_by_every_database(client: FlaskClient) -> None:
    given = {"key": "api_token", "value": "one", "description": "d"}
    starred = [{"key": "api_token", "value": "***", "description": "e"}, {"key": "b", "value": "x"}]
    user = {"username": "ann", "email": "a@example.org", "first_name": "A", "last_name": "N"}
    bodies: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
        ("variables", {"variables": [given]}, {"created": 1, "changed": 0}),
        ("variables", {"variables": [given], "skip": True}, {"created": 0, "changed": 0}),
        ("variables", {"variables": starred, "overwrite": True}, {"created": 1, "changed": 1}),
        ("users", {"users": [user]}, {"created": 1, "changed": 0, "created_users": ["ann"]}),
        ("users", {"users": [user], "overwrite": True}, {"created": 0, "changed": 1, "created_users": []}),
        ("roles", {"action": "create", "roles": [{"name": "a"}, {"name": "b"}]}, {"created": 2, "changed": 0}),
        ("roles", {"action": "merge", "roles": [{"name": "a"}, {"name": "c"}]}, {"created": 1, "changed": 1}),
        ("roles", {"action": "delete", "roles": [{"name": "a"}, {"name": "b"}]}, {"created": 0, "changed": 2}),
    )
    for noun, body, written in bodies:
        answer = client.post(f"{URL}/{noun}/bulk", json=body)
        assert (answer.status_code, answer.json) == (200, written), (noun, body)
    assert client.get(f"{URL}/variables/api_token").json["description"] == "e"
    assert client.post(f"{URL}/roles/sync", json={"include_dags": True}).json == {"dags": 0}
