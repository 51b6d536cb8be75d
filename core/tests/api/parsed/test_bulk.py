"""Many changes at once by the REST API: all or none, each fault by the index of its row."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

URL = "/api/v1"
PLANTED = "hunter2-planted"
RUNS = f"{URL}/dags/producer/dagRuns"


def rows(kind: str, *names: str) -> list[dict[str, Any]]:
    made = {
        "variables": lambda name: {"key": name, "value": PLANTED},
        "connections": lambda name: {"connection_id": name, "conn_type": "sqlite", "password": PLANTED},
        "pools": lambda name: {"name": name, "slots": 3},
    }
    return [made[kind](name) for name in names]


KEYS = {"variables": "key", "connections": "conn_id", "pools": "name"}


@pytest.mark.parametrize("kind", ["variables", "connections", "pools"])
def test_all_rows_are_written_or_none(client: FlaskClient, kind: str) -> None:
    path = f"{URL}/{kind}/bulk"
    before = client.get(f"{URL}/{kind}").json["total_entries"]
    assert client.post(path, json={kind: rows(kind, "a_token", "b")}).json == {"created": 2, "changed": 0}
    refused = client.post(path, json={kind: rows(kind, "c", "b", "c")})
    assert refused.status_code == 409
    assert {index: list(each) for index, each in refused.json["fields"][kind].items()} == {
        "1": [KEYS[kind]],
        "2": [KEYS[kind]],
    }
    assert client.get(f"{URL}/{kind}").json["total_entries"] == before + 2
    done = client.post(path, json={kind: rows(kind, "c", "b"), "overwrite": True})
    assert done.json == {"created": 1, "changed": 1}
    assert PLANTED not in refused.text
    assert kind == "variables" or PLANTED not in client.get(f"{URL}/{kind}").text


@pytest.mark.parametrize("kind", ["variables", "connections", "pools"])
def test_faults_are_named_by_their_rows(client: FlaskClient, kind: str) -> None:
    refused = client.post(f"{URL}/{kind}/bulk", json={kind: [*rows(kind, "x"), {"colour": "red"}]})
    assert refused.status_code == 400
    assert list(refused.json["fields"][kind]) == ["1"]
    assert refused.json["detail"].startswith(f"{kind}.1.")
    assert client.post(f"{URL}/{kind}/bulk", json={kind: []}).status_code == 400
    assert client.post(f"{URL}/{kind}/bulk", json={kind: {}}).status_code == 400
    assert client.post(f"{URL}/{kind}/bulk", json={kind: rows(kind, "x") * 5001}).status_code == 400


def test_so_many_roles_at_once_that_nobody_waits_long_and_no_more(
    client: FlaskClient, statements: Any, stage: Any
) -> None:
    row = {"name": "Viewer", "actions": [{"action": {"name": "can_read"}, "resource": {"name": "DAG:reports"}}]}
    with statements.recorded(stage.tools.database) as found:
        done = client.post(f"{URL}/roles/bulk", json={"action": "add", "roles": [row] * 200})
    assert done.json == {"created": 0, "changed": 200}
    found.assert_at_most(200 * 10 + 30)
    refused = client.post(f"{URL}/roles/bulk", json={"action": "add", "roles": [row] * 201})
    assert (refused.status_code, list(refused.json["fields"])) == (400, ["roles"])


def test_overwriting_takes_the_permission_to_change(stage: Any) -> None:
    creator = stage.client(("can_create", "Variables"))
    body = {"variables": rows("variables", "mine")}
    assert creator.post(f"{URL}/variables/bulk", json={**body, "overwrite": True}).status_code == 403
    assert creator.post(f"{URL}/variables/bulk", json=body).status_code == 200
    assert creator.post(f"{URL}/variables/bulk", json=body).status_code == 409


def test_many_runs_are_marked_and_deleted(client: FlaskClient, stage: Any) -> None:
    names = [f"bulk{number}" for number in range(4)]
    for name in names:
        assert client.post(RUNS, json={"dag_run_id": name}).status_code == 200
    path = f"{RUNS}/bulk"
    unknown = client.post(path, json={"action": "mark", "state": "failed", "dag_run_ids": [*names, "none", "bulk0"]})
    assert (unknown.status_code, list(unknown.json["fields"]["dag_run_ids"])) == (409, ["4", "5"])
    marked = client.post(path, json={"action": "mark", "state": "failed", "dag_run_ids": names})
    assert marked.json == {"changed": 4}
    assert {client.get(f"{RUNS}/{name}").json["state"] for name in names} == {"failed"}
    client.post(path, json={"action": "mark", "state": "queued", "dag_run_ids": names[:1]})
    refused = client.post(path, json={"action": "delete", "dag_run_ids": names})
    assert (refused.status_code, list(refused.json["fields"]["dag_run_ids"])) == (409, ["0"])
    assert client.get(f"{RUNS}/bulk3").status_code == 200
    editor = stage.client(("can_edit", "DAGs"), ("can_edit", "DAG Runs"))
    assert editor.post(path, json={"action": "delete", "dag_run_ids": names[1:]}).status_code == 403
    assert client.post(path, json={"action": "delete", "dag_run_ids": names[1:]}).json == {"changed": 3}
    assert client.get(f"{RUNS}/bulk3").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "eat", "dag_run_ids": ["a"]}, "action"),
        ({"action": "mark", "dag_run_ids": ["a"]}, "state"),
        ({"action": "delete", "state": "failed", "dag_run_ids": ["a"]}, "state"),
        ({"action": "delete", "dag_run_ids": []}, "dag_run_ids"),
        ({"action": "delete", "dag_run_ids": ["a\x00"]}, "dag_run_ids"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(client: FlaskClient, body: dict[str, Any], field: str) -> None:
    refused = client.post(f"{RUNS}/bulk", json=body)
    assert (refused.status_code, list(refused.json["fields"])) == (400, [field])
