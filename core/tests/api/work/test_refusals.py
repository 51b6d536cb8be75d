"""What does not fit is refused by name, with 400 and never 500; what is not there with 404."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from flask.testing import FlaskClient

RUNS = "/api/v1/dags/chain/dagRuns"
FORM = "/api/v1/dags/~/dagRuns/list"
INSTANCES = "/api/v1/dags/~/dagRuns/~/taskInstances"
CLEAR = "/api/v1/dags/chain/clearTaskInstances"
MARK = "/api/v1/dags/chain/updateTaskInstancesState"
FAR = datetime(2027, 1, 1, tzinfo=timezone.utc)
DEEP: Any = None
for _ in range(60):
    DEEP = {"a": DEEP}


@pytest.mark.parametrize(
    ("url", "query", "field"),
    [
        (RUNS, {"limit": "-1"}, "limit"),
        (RUNS, {"limit": "9" * 30}, "limit"),
        (RUNS, {"offset": "x"}, "offset"),
        (RUNS, {"order_by": "conf"}, "order_by"),
        (RUNS, {"state": "sleeping"}, "state"),
        (RUNS, {"fields": "password"}, "fields"),
        (RUNS, {"start_date_gte": "yesterday"}, "start_date_gte"),
        (RUNS, {"start_date_gte": "0001-01-01T00:00:00Z"}, "start_date_gte"),
        (RUNS, {"end_date_lte": "9999-12-31T23:59:59-14:00"}, "end_date_lte"),
        (RUNS, {"colour": "red"}, "colour"),
        (f"{RUNS}/r", {"fields": "password"}, "fields"),
        (INSTANCES, {"duration_gte": "nan"}, "duration_gte"),
        (INSTANCES, {"duration_gte": "1e400"}, "duration_gte"),
        (INSTANCES, {"duration_lte": "1e300"}, "duration_lte"),
        (INSTANCES, {"pool": "a\x00b"}, "pool"),
        (INSTANCES, {"state": "asleep"}, "state"),
    ],
)
def test_a_query_that_does_not_fit(client: FlaskClient, url: str, query: dict[str, str], field: str) -> None:
    refused = client.get(url, query_string=query)
    assert (refused.status_code, refused.mimetype) == (400, "application/problem+json"), refused.json
    assert list(refused.json["fields"]) == [field]
    assert field in refused.json["detail"]


DATE = "2026-11-23T12:00:00Z"


@pytest.mark.parametrize(
    ("url", "body", "field"),
    [
        (RUNS, {"dag_run_id": ""}, "dag_run_id"),
        (RUNS, {"dag_run_id": "~"}, "dag_run_id"),
        (RUNS, {"dag_run_id": "a\x00"}, "dag_run_id"),
        (RUNS, {"dag_run_id": 7}, "dag_run_id"),
        (RUNS, {"dag_run_id": "\ud800"}, "dag_run_id"),
        (RUNS, {"note": "a\x00b"}, "note"),
        (RUNS, {"note": "\udfff"}, "note"),
        (RUNS, {"logical_date": "2026-11-23T12:00:00"}, "logical_date"),
        (RUNS, {"logical_date": DATE, "execution_date": "2026-11-24T12:00:00Z"}, "execution_date"),
        (RUNS, {"data_interval_start": DATE}, "data_interval_end"),
        (RUNS, {"data_interval_start": DATE, "data_interval_end": "2026-11-22T12:00:00Z"}, "data_interval_end"),
        (RUNS, {"conf": []}, "conf"),
        (RUNS, {"conf": DEEP}, "conf"),
        (RUNS, {"conf": {"n": "many"}}, "conf"),
        (RUNS, {"note": "n" * 1001}, "note"),
        (RUNS, {"state": "failed"}, "state"),
        (FORM, {"dag_ids": "chain"}, "dag_ids"),
        (FORM, {"dag_ids": ["d"] * 1001}, "dag_ids"),
        (FORM, {"page_limit": 0}, "page_limit"),
        (FORM, {"page_offset": True}, "page_offset"),
        (f"{INSTANCES}/list", {"task_ids": [7]}, "task_ids"),
        (f"{INSTANCES}/list", {"state": ["asleep"]}, "state"),
        (CLEAR, {"task_ids": []}, "task_ids"),
        (CLEAR, {"task_ids": [["first"]]}, "task_ids"),
        (CLEAR, {"task_ids": [["first", True]]}, "task_ids"),
        (CLEAR, {"only_failed": True, "only_running": True}, "only_running"),
        (CLEAR, {"start_date": DATE, "end_date": "2026-11-22T12:00:00Z"}, "end_date"),
        (CLEAR, {"start_date": DATE, "dag_run_id": "r"}, "dag_run_id"),
        (CLEAR, {"include_past": True}, "dag_run_id"),
        (MARK, {"task_id": "first", "new_state": "success"}, "dag_run_id"),
        (MARK, {"task_id": "first", "new_state": "running", "dag_run_id": "r"}, "new_state"),
        (MARK, {"new_state": "success", "dag_run_id": "r"}, "task_id"),
    ],
)
def test_a_body_that_does_not_fit(client: FlaskClient, url: str, body: dict[str, Any], field: str) -> None:
    refused = client.post(url, json=body)
    assert (refused.status_code, refused.mimetype) == (400, "application/problem+json"), refused.json
    assert list(refused.json["fields"]) == [field]


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("GET", "/dags/chain/dagRuns/none", None),
        ("GET", "/dags/none/dagRuns/none", None),
        ("GET", "/dags/~/dagRuns/~", None),
        ("POST", "/dags/none/dagRuns", {}),
        ("PATCH", "/dags/chain/dagRuns/none", {"state": "failed"}),
        ("DELETE", "/dags/chain/dagRuns/none", None),
        ("POST", "/dags/none/clearTaskInstances", {}),
        ("POST", "/dags/chain/clearTaskInstances", {"dag_run_id": "none"}),
        ("POST", "/dags/chain/clearTaskInstances", {"task_ids": ["none"]}),
        ("POST", "/dags/chain/updateTaskInstancesState", {"task_id": "a", "dag_run_id": "none", "new_state": "failed"}),
        ("GET", "/dags/chain/dagRuns/none/taskInstances/first", None),
        ("GET", "/dags/chain/dagRuns/none/taskInstances/first/listMapped", None),
        ("GET", "/dags/chain/dagRuns/none/taskInstances/first/tries/1", None),
        ("GET", "/dags/chain/dagRuns/none/taskInstances/first/links", None),
    ],
)
def test_what_is_not_there(client: FlaskClient, method: str, url: str, body: Any) -> None:
    answer = client.open(f"/api/v1{url}", method=method, json=body)
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json"), answer.json


def test_nothing_is_cleared_while_one_of_the_tasks_runs(stage: Any, client: FlaskClient) -> None:
    run_id = stage.begin("chain")
    stage.start(run_id)
    body = {"dag_run_id": run_id, "only_failed": False, "dry_run": False}
    refused = client.post(CLEAR, json=body)
    assert refused.status_code == 409
    assert "first" in refused.json["detail"]
    assert client.post(CLEAR, json=body | {"dry_run": True}).status_code == 200


def test_single_instances_of_mapped_tasks_are_cleared(stage: Any, client: FlaskClient) -> None:
    run_id = stage.begin("mapped")
    stage.finish(run_id)
    body = {"dag_run_id": run_id, "only_failed": False, "dry_run": False, "task_ids": [["square", 0], ["square", 2]]}
    cleared = client.post("/api/v1/dags/mapped/clearTaskInstances", json=body).json["task_instances"]
    assert [each["map_index"] for each in cleared] == [0, 2]
    listed = client.get(f"/api/v1/dags/mapped/dagRuns/{run_id}/taskInstances").json["task_instances"]
    assert [each["state"] for each in listed] == [None, "success", None]


@pytest.mark.parametrize("number", ["1e400", "-1e999", "NaN", "Infinity"])
def test_a_conf_has_numbers_that_json_has(client: FlaskClient, number: str) -> None:
    refused = client.post(RUNS, data=f'{{"conf": {{"x": {number}}}}}', content_type="application/json")
    assert refused.status_code == 400, refused.json


def test_a_conf_may_have_any_text(client: FlaskClient) -> None:
    conf = {"a\x00": "\ud800", "ä": 10**40, "n": 3}
    made = client.post("/api/v1/dags/chain/dagRuns", json={"conf": conf}).json
    assert made["conf"] == conf
    assert client.get(f"/api/v1/dags/chain/dagRuns/{made['dag_run_id']}").json["conf"] == conf


def test_a_marker_leads_only_where_one_may_go(stage: Any, client: FlaskClient) -> None:
    date = FAR
    of_chain, of_parent = (stage.begin(dag_id, logical_date=date) for dag_id in ("chain", "parent"))
    stage.finish(of_chain)
    url = "/api/v1/dags/parent/clearTaskInstances"
    body = {"dag_run_id": of_parent, "only_failed": False, "dry_run": False}
    needs = ("can_read", "DAG Runs"), ("can_edit", "Task Instances")
    refused = stage.client(("can_edit", "DAG:parent"), *needs).post(url, json=body)
    assert refused.status_code == 403
    assert "of DAG 'chain'" in refused.json["detail"]
    of_both = stage.client(("can_edit", "DAG:parent"), ("can_edit", "DAG:chain"), *needs)
    cleared = of_both.post(url, json=body).json["task_instances"]
    assert [(each["dag_id"], each["task_id"]) for each in cleared] == [
        ("parent", "mark"),
        ("chain", "middle"),
        ("chain", "last"),
    ]
