"""What goes beyond Airflow's API on scheduling: backfills, holds, drains, daemons, priorities, reasons, following runs."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from tradewind.access.actors import Actor
from tradewind.metadata.tables import backfill, backfill_date, dag_run
from tradewind.operations import following
from tradewind.operations.errors import BusyError
from tradewind.operations.following import STREAMS
from tradewind.transitions import daemons

URL = "/api/v1"
OF_CHAIN = f"{URL}/dags/chain/backfills"
RUN = f"{URL}/dags/chain/dagRuns/first_version"
DAYS = {"from_date": "2026-01-01T00:00:00Z", "to_date": "2026-01-05T00:00:00Z"}
RUNS = (("can_read", "DAG Runs"), ("can_create", "DAG Runs"), ("can_edit", "DAG Runs"))


@pytest.fixture(autouse=True)
def no_backfills(stage: Any) -> None:
    """Each test begins without any: two could want the same date."""

    def clear(connection: sa.Connection) -> None:
        connection.execute(sa.delete(backfill_date))
        connection.execute(sa.delete(backfill))

    stage.tools.database.write(clear)


@pytest.fixture(scope="module")
def worker(stage: Any) -> str:
    """The id of a worker that lives."""
    clock = stage.tools.clock
    stage.tools.database.write(
        lambda c: daemons.register(
            c,
            daemon_id="w1",
            kind="worker",
            host="far",
            pid=7,
            executor="LocalExecutor",
            slots=4,
            clock=clock,
            leases=daemons.Leases(timedelta(hours=1)),  # it lives for the whole module
        )
    )
    return "w1"


def test_a_backfill_is_planned_made_paused_and_cancelled(client: FlaskClient) -> None:
    planned = client.post(OF_CHAIN, json={**DAYS, "dry_run": True, "run_backwards": True}).json
    assert planned["backfill"] is None
    assert [each["logical_date"][:10] for each in planned["dates"]][:2] == ["2026-01-05", "2026-01-04"]
    assert {each["becomes"] for each in planned["dates"]} == {"new run"}
    assert client.get(f"{URL}/backfills").json["total_entries"] == 0
    made = client.post(OF_CHAIN, json={**DAYS, "max_active_runs": 2, "dag_run_conf": {"a": 1}}).json["backfill"]
    assert (made["dates"], made["dates_done"], made["state"], made["dag_run_conf"]) == (5, 0, "running", {"a": 1})
    one = f"{OF_CHAIN}/{made['backfill_id']}"
    assert client.get(one).json["counts"] == {"pending": 5}
    dates = client.get(f"{one}/dates?limit=2&offset=1").json
    assert ([each["logical_date"][:10] for each in dates["dates"]], dates["total_entries"]) == (
        ["2026-01-02", "2026-01-03"],
        5,
    )
    assert client.post(OF_CHAIN, json=DAYS).status_code == 409
    states = [client.patch(one, json={"state": each}).json["state"] for each in ("paused", "running", "cancelled")]
    assert states == ["paused", "running", "cancelled"]
    assert client.patch(one, json={"state": "running"}).status_code == 409
    assert client.get(f"{URL}/dags/mine/backfills/{made['backfill_id']}").status_code == 404
    assert client.get(f"{OF_CHAIN}?only_open=true").json["total_entries"] == 0
    assert client.get(OF_CHAIN).json["total_entries"] == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"from_date": "yesterday"}, "from_date"),
        ({"from_date": "0001-01-01T00:00:00Z"}, "from_date"),
        ({"to_date": "2026-01-05"}, "to_date"),
        ({"to_date": "2025-01-05T00:00:00Z"}, "from_date"),
        ({"max_active_runs": 0}, "max_active_runs"),
        ({"reprocess_behavior": "all"}, "reprocess_behavior"),
        ({"dry_run": "yes"}, "dry_run"),
        ({"dag_run_conf": []}, "dag_run_conf"),
        ({"color": "red"}, "color"),
    ],
)
def test_backfills_that_do_not_fit_are_refused_by_name(client: FlaskClient, change: dict[str, Any], field: str) -> None:
    refused = client.post(OF_CHAIN, json={**DAYS, **change})
    assert (refused.status_code, list(refused.json["fields"])) == (400, [field])


def test_a_dag_without_dates_has_no_backfills(client: FlaskClient) -> None:
    assert client.post(f"{URL}/dags/producer/backfills", json=DAYS).status_code == 400
    assert client.post(f"{URL}/dags/none/backfills", json=DAYS).status_code == 404


def test_the_calendar_has_an_end(client: FlaskClient) -> None:
    body = {"from_date": "2026-01-01T00:00:00Z", "to_date": "9998-12-31T00:00:00Z", "dry_run": True}
    refused = client.post(f"{URL}/dags/rare/backfills", json=body)
    assert (refused.status_code, list(refused.json["fields"])) == (400, ["to_date"])
    runs = client.get(f"{URL}/dags/rare/nextRuns?number=1000").json["runs"]
    assert (len(runs), runs[-1]["logical_date"][:4] > "5900") == (1000, True)


def test_backfills_of_other_peoples_dags_are_not_shown(stage: Any, client: FlaskClient) -> None:
    made = client.post(OF_CHAIN, json=DAYS).json["backfill"]
    mine = stage.client(*RUNS, ("can_read", "DAG:mine"), ("can_edit", "DAG:mine"))
    assert mine.get(f"{URL}/backfills").json["total_entries"] == 0
    assert mine.get(f"{URL}/backfills?dag_id=chain").status_code == 403
    assert mine.get(f"{URL}/dags/mine/backfills/{made['backfill_id']}").status_code == 404
    assert mine.patch(f"{URL}/dags/mine/backfills/{made['backfill_id']}", json={"state": "paused"}).status_code == 404
    assert mine.get(f"{OF_CHAIN}/{made['backfill_id']}").status_code == 403


def test_holds_are_made_listed_and_released(stage: Any, client: FlaskClient) -> None:
    held = f"{URL}/dags/chain/holds"
    whole = client.post(held, json={"reason": "moving house"}).json
    part = client.post(held, json={"dag_run_id": "first_version", "task_id": "last"}).json
    assert (whole["task_id"], part["task_id"], part["dag_run_id"]) == (None, "last", "first_version")
    assert client.get(f"{URL}/holds").json["total_entries"] == 2
    assert client.get(f"{held}?limit=1&offset=1").json["holds"][0]["task_id"] == "last"
    mine = stage.client(("can_read", "DAG:mine"), ("can_edit", "DAG:mine"))
    assert mine.get(f"{URL}/holds").json["total_entries"] == 0
    assert mine.delete(f"{URL}/dags/mine/holds/{part['hold_id']}").status_code == 404
    assert client.delete(f"{held}/{part['hold_id']}").status_code == 204
    assert client.delete(f"{held}/{part['hold_id']}").status_code == 404
    assert client.delete(f"{held}/{whole['hold_id']}").status_code == 204


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"dag_run_id": "none"}, 404),
        ({"dag_run_id": "first_version", "task_id": "none"}, 404),
        ({"map_index": 0}, 400),
        ({"map_index": -1, "task_id": "last"}, 400),
        ({"reason": "\x00"}, 400),
    ],
)
def test_holds_that_do_not_fit_are_refused(client: FlaskClient, body: dict[str, Any], status: int) -> None:
    assert client.post(f"{URL}/dags/chain/holds", json=body).status_code == status


def test_workers_are_drained_and_take_more_again(client: FlaskClient, worker: str) -> None:
    made = [client.post(f"{URL}/drains", json={"name": each, "reason": "a disk"}).json for each in (worker, "far")]
    assert [(each["kind"], each["at_work"]) for each in made] == [("worker", 0), ("host", 0)]
    assert client.get(f"{URL}/drains?limit=1").json["total_entries"] == 2
    assert [client.delete(f"{URL}/drains/{each['drain_id']}").status_code for each in made] == [204, 204]
    assert client.delete(f"{URL}/drains/{made[0]['drain_id']}").status_code == 404
    assert client.post(f"{URL}/drains", json={"name": "nowhere"}).status_code == 404


def test_daemons_and_the_whole_are_shown(client: FlaskClient, worker: str) -> None:
    listed = client.get(f"{URL}/jobs?job_type=worker&live_only=true").json
    assert [(each["job_id"], each["state"], each["hostname"]) for each in listed["jobs"]] == [(worker, "lives", "far")]
    assert client.get(f"{URL}/jobs?hostname=near").json["total_entries"] == 0
    assert client.get(f"{URL}/jobs?job_type=cook").status_code == 400
    seen = client.get(f"{URL}/cluster").json
    assert sorted(seen) == ["at_work", "connections", "daemons", "waiting"]
    assert "worker" in [each["daemon"] for each in seen["daemons"]]


def test_each_is_told_why_it_does_not_run(client: FlaskClient) -> None:
    for path in (f"{URL}/dags/chain/why", f"{RUN}/why", f"{RUN}/taskInstances/first/why"):
        assert client.get(path).json["why"].endswith(".")
    assert client.get(f"{RUN}/taskInstances/none/why").status_code == 404
    assert client.get(f"{URL}/dags/chain/dagRuns/none/why").status_code == 404
    assert client.get(f"{RUN}/taskInstances/first/why?map_index=x").status_code == 400


def test_coming_runs_are_shown(client: FlaskClient) -> None:
    found = client.get(f"{URL}/dags/chain/nextRuns?number=3").json
    dates = [each["logical_date"] for each in found["runs"]]
    assert (found["is_paused"], len(dates), dates) == (False, 3, sorted(dates))
    assert client.get(f"{URL}/dags/producer/nextRuns").json["runs"] == []
    assert client.get(f"{URL}/dags/chain/nextRuns?number=0").status_code == 400
    assert client.get(f"{URL}/dags/none/nextRuns").status_code == 404


def test_the_priority_of_what_waits_is_changed(client: FlaskClient) -> None:
    made = client.post(f"{URL}/dags/producer/dagRuns", json={"dag_run_id": "urgent"})
    assert made.status_code == 200
    path = f"{URL}/dags/producer/dagRuns/urgent/priority"
    done = client.patch(path, json={"priority": 77, "task_ids": ["make"]}).json
    assert done["priority"] == 77
    assert client.patch(path, json={"priority": 1, "task_ids": ["none"]}).status_code == 404
    assert client.patch(path, json={"priority": 2**31}).status_code == 400
    assert client.patch(path, json={"task_ids": ["make"]}).status_code == 400


def set_state(stage: Any, state: str) -> None:
    change = sa.update(dag_run).where(dag_run.c.run_id == "first_version").values(state=state)
    stage.tools.database.write(lambda c: c.execute(change))


def test_a_run_is_followed_until_its_end(stage: Any, client: FlaskClient) -> None:
    set_state(stage, "running")
    answer = client.get(f"{RUN}/wait?timeout=30", buffered=False)
    assert answer.mimetype == "application/x-ndjson"
    lines = answer.iter_encoded()
    first = json.loads(next(lines))
    assert (first["dag_run_id"], first["state"], first["ended"]) == ("first_version", "running", False)
    set_state(stage, "success")
    last = json.loads([*lines][-1])
    assert (last["state"], last["ended"]) == ("success", True)
    answer.close()


def test_following_ends_when_the_time_is_up(stage: Any, client: FlaskClient) -> None:
    set_state(stage, "running")
    lines = client.get(f"{RUN}/wait?timeout=0").text.splitlines()
    assert [json.loads(each)["ended"] for each in lines] == [False]
    assert client.get(f"{RUN}/wait?timeout=1000000").status_code == 400
    assert client.get(f"{RUN}/wait?timeout=nan").status_code == 400
    assert client.get(f"{URL}/dags/chain/dagRuns/none/wait").status_code == 404


def test_only_so_many_runs_are_followed_at_once(stage: Any, client: FlaskClient) -> None:
    set_state(stage, "success")
    most = stage.tools.config.web.threads // 2
    taken = [STREAMS.take(most) for _ in range(most)]
    refused = client.get(f"{RUN}/wait")
    assert (refused.status_code, refused.json["error_id"]) == (503, "busy")
    assert int(refused.headers["Retry-After"]) > 0
    for give in taken:
        give()
        give()
    for _ in range(most + 1):  # what a stream takes it gives back
        assert client.get(f"{RUN}/wait").text.count("\n") == 1
    with pytest.raises(BusyError):
        STREAMS.take(0)


def test_reading_takes_the_same_statements_whatever_there_is(stage: Any, client: FlaskClient, statements: Any) -> None:
    client.post(OF_CHAIN, json=DAYS)
    for path, most in (("backfills", 3), ("holds", 1), ("drains", 1), ("jobs", 2), ("dags/chain/nextRuns", 5)):
        with statements.recorded(stage.tools.database) as recorded:
            assert client.get(f"{URL}/{path}").status_code == 200
        recorded.assert_at_most(most)


def test_a_stream_that_nobody_reads_any_more_gives_its_place_back(
    stage: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_state(stage, "running")
    monkeypatch.setattr(following, "AGAIN_SECONDS", 0.05)
    monkeypatch.setattr(following, "LOOK_SECONDS", 0.05)
    with serve(stage.app_of(stage.tools, Actor("ada", 1, None))) as url:
        host, _, path = url.removeprefix("http://").partition("/")
        connection = HTTPConnection(host, timeout=30)
        connection.request("GET", f"/{path}/dags/chain/dagRuns/first_version/wait?timeout=600")
        answer = connection.getresponse()
        assert json.loads(answer.readline())["state"] == "running"
        with pytest.raises(BusyError):
            STREAMS.take(1)
        answer.close()
        connection.close()
        give = eventually(lambda: STREAMS.take(1))
        give()


def eventually(take: Callable[[], Any]) -> Any:
    """Return what a function returns as soon as it is not refused any more."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return take()
        except BusyError:
            if time.monotonic() > deadline:
                raise
            threading.Event().wait(0.02)
