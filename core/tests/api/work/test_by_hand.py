"""What people do with tasks in several runs at once, and with callbacks: who may, what is left, and what the audit log says."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient
from tradewind.metadata import tables

CHAIN = "/api/v1/dags/chain"
EDITS = (("can_read", "DAG Runs"), ("can_edit", "Task Instances"), ("can_read", "Task Instances"))


def states(client: FlaskClient, run_id: str) -> list[str | None]:
    found = client.get(f"{CHAIN}/dagRuns/{run_id}/taskInstances", query_string={"order_by": "topological"}).json
    return [each["state"] for each in found["task_instances"]]


def entries(client: FlaskClient, event: str, run_id: str) -> list[dict[str, Any]]:
    return list(client.get("/api/v1/eventLogs", query_string={"event": event, "run_id": run_id}).json["event_logs"])


def test_a_run_in_which_something_runs_is_left_as_it_is(stage: Any, client: FlaskClient) -> None:
    done = stage.begin("chain")
    stage.finish(done)
    busy = stage.begin("chain")
    (ticket,) = stage.start(busy)
    body = {"dag_run_ids": [done, busy], "task_ids": ["first"], "include_downstream": True}
    shown = client.post(f"{CHAIN}/clearTasks", json=body).json
    assert [(each["dag_run_id"], each["running"]) for each in shown["dag_runs"]] == [(busy, ["first"]), (done, [])]
    assert not any(each["is_cleared"] or each["is_left"] for each in shown["dag_runs"])
    assert states(client, done) == ["success"] * 3
    answer = client.post(f"{CHAIN}/clearTasks", json={**body, "dry_run": False}).json
    told = {each["dag_run_id"]: (each["is_cleared"], each["is_left"], each["number"]) for each in answer["dag_runs"]}
    assert told == {done: (True, False, 3), busy: (False, True, 1)}
    assert states(client, done) == [None] * 3
    assert states(client, busy) == ["running", None, None]
    (entry,) = entries(client, "task_instances.clear", done)
    assert entry["owner"] == "bob"
    stage.end(ticket)
    assert client.post(f"{CHAIN}/clearTasks", json={"dag_run_ids": ["none"]}).status_code == 404
    two = {"dag_run_ids": [done, busy], "include_past": True}
    assert client.post(f"{CHAIN}/clearTasks", json=two).json["fields"] == {
        "dag_run_ids": ["Past and future of which run? Name one."]
    }


def test_a_clear_goes_into_other_dags_only_for_who_may_there(stage: Any, client: FlaskClient) -> None:
    date = datetime(2025, 5, 5, tzinfo=timezone.utc)
    marked, parent = stage.begin("chain", logical_date=date), stage.begin("parent", logical_date=date)
    stage.finish(marked)
    mine = stage.client(("can_edit", "DAG:parent"), ("can_read", "DAG:parent"), *EDITS)
    url, body = "/api/v1/dags/parent/clearTasks", {"dag_run_ids": [parent]}
    assert mine.post(url, json={**body, "only_this_dag": True}).status_code == 200
    assert mine.post(url, json=body).status_code == 403
    shown = client.post(url, json=body).json["task_instances"]
    assert [(each["dag_id"], each["task_id"], each["marked_by"]) for each in shown] == [
        ("parent", "mark", []),
        ("chain", "middle", ["mark"]),
        ("chain", "last", ["mark"]),
    ]
    assert mine.post(f"{CHAIN}/clearTasks", json={"dag_run_ids": [marked]}).status_code == 403


def test_a_mark_keeps_its_reason_and_a_task_tells_its_cause(stage: Any, client: FlaskClient) -> None:
    run_id = stage.begin("chain")
    (ticket,) = stage.start(run_id)
    stage.end(ticket, "failed", cause="the disk is full")
    of_first = f"{CHAIN}/dagRuns/{run_id}/taskInstances/first"
    assert client.get(of_first).json["cause"] == "the disk is full"
    body = {"task_id": "first", "new_state": "success", "dag_run_ids": [run_id], "reason": "by the bank"}
    assert client.post(f"{CHAIN}/markTasks", json=body).json["dag_runs"][0]["marked"] == 1
    assert client.get(of_first).json["state"] != "success"
    answer = client.post(f"{CHAIN}/markTasks", json={**body, "dry_run": False}).json
    assert [each["becomes"] for each in answer["task_instances"]] == ["success"]
    assert client.get(of_first).json["cause"] == "marked as success by hand: by the bank"
    assert "by the bank" in entries(client, "task_instances.mark", run_id)[0]["extra"]
    assert client.post(f"{CHAIN}/markTasks", json={**body, "task_id": "none"}).json["error_id"] == "no-such-task"


def test_callbacks_are_changed_by_who_may_change_tasks_of_their_dag(stage: Any, statements: Any) -> None:
    database = stage.tools.database
    now = stage.tools.clock.now()
    row = {
        "kind": "on_failure_callback",
        "state": "failed",
        "happened_at": now,
        "names": '["page"]',
        "error": "no line",
    }
    runs = [stage.begin("chain"), stage.begin("mapped")]

    def owe(connection: sa.Connection) -> list[int]:
        of = tables.dag_run.c
        keys = [connection.execute(sa.select(of.id).where(of.run_id == run_id)).scalar_one() for run_id in runs]
        connection.execute(tables.callback.insert(), [row | {"run": key} for key in keys])
        return list(connection.execute(sa.select(tables.callback.c.id).order_by(tables.callback.c.id)).scalars())

    of_chain, of_mapped = database.write(owe)
    mine = stage.client(("can_edit", "DAG:chain"), ("can_read", "DAG:chain"), *EDITS)
    found = mine.get("/api/v1/callbacks?failed=true").json
    assert [(each["callback_id"], each["dag_id"]) for each in found["callbacks"]] == [(of_chain, "chain")]
    for verb in ("retry", "discard"):
        answer = mine.post(f"/api/v1/callbacks/{verb}", json={"callback_ids": [of_chain, of_mapped]})
        assert (answer.status_code, answer.json["error_id"]) == (404, "no-such-callback")
    assert mine.post("/api/v1/callbacks/retry", json={"callback_ids": [of_chain]}).json == {"number": 1}
    with statements.recorded(database):
        assert stage.client().get("/api/v1/callbacks").json["total_entries"] == 2
    assert len(statements) == 2
    with statements.recorded(database):
        assert stage.client().get("/api/v1/deadlines").json["total_entries"] == 0
    assert len(statements) == 2
