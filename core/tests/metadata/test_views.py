"""Pages of tables for DAG code: what they show, how they are narrowed and bounded, and what cannot be asked for."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography.fernet import Fernet
from tradewind.metadata import tables
from tradewind.metadata.engine import Database
from tradewind.metadata.secrets import Cipher
from tradewind.metadata.statements import variables, views
from tradewind.metadata.statements.views import Asked
from tradewind.metadata.viewing import read_page

AT = datetime(2026, 1, 1, tzinfo=timezone.utc)
MICROSECONDS = 1_767_225_600_000_000
"""The same in microseconds since 1970."""


def put(database: Database, *, runs: int) -> None:
    """Store runs of two DAGs, each with a task instance and two XComs."""
    run_rows, task_rows, xcom_rows = [], [], []
    for number in range(runs):
        dag_id = "ab"[number % 2]
        times = {"logical_date": AT + timedelta(days=number), "queued_at": AT}
        run = {"id": number, "dag_id": dag_id, "run_id": f"r{number}", "run_type": "manual", "version_id": 1}
        run_rows.append(run | times | {"state": "success", "conf": "{}", "triggered_by": "test"})
        task = {
            "id": number,
            "run": number,
            "dag_id": dag_id,
            "task_id": "t",
            "rank": 0,
            "state": "none",
            "max_tries": 0,
        }
        task_rows.append(task | {"priority": 1, "pool": "p", "pool_slots": 1, "executor": "e", "queue": "q"})
        value = {
            "run": number,
            "task_id": "t",
            "map_index": -1,
            "value": "1",
            "type": "int",
            "size": 1,
            "pushed_at": AT,
        }
        xcom_rows += [value | {"key": key} for key in ("k", "return_value")]

    def work(conn: Any) -> None:
        conn.execute(tables.dag_run.insert(), run_rows)
        conn.execute(tables.task_instance.insert(), task_rows)
        conn.execute(tables.xcom.insert(), xcom_rows)

    database.write(work)


def everything(database: Database, table: str, between: Any = None, **equal: list[Any]) -> list[dict[str, Any]]:
    """All rows of a table, over as many pages as it takes."""
    rows: list[dict[str, Any]] = []
    after = None
    while True:
        with database.read() as conn:
            page = views.page(conn, Asked(table, equal, between or {}, after))
        rows += [dict(zip(page.columns, row, strict=True)) for row in page.rows]
        after = page.after
        if after is None:
            return rows
        json.dumps(after)


def test_pages_follow_each_other_and_are_narrowed(
    database: Database, statements: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(database, runs=7)
    small = {
        name: views.View(each.source, each.columns, each.narrows, each.key, each.ranges, 2)
        for name, each in views.VIEWS.items()
    }
    monkeypatch.setattr(views, "VIEWS", small)
    with statements.recorded(database):
        assert [row["id"] for row in everything(database, "dag_run")] == list(range(7))
    statements.assert_at_most(8)  # four pages, each in a transaction where the database begins one by a statement
    assert [row["id"] for row in everything(database, "dag_run", dag_id=["a"])] == [0, 2, 4, 6]
    assert everything(database, "dag_run", dag_id=[]) == []
    assert [row["run_id"] for row in everything(database, "dag_run", logical_date=[MICROSECONDS])] == ["r0"]
    days = [MICROSECONDS + 86_400_000_000 * number for number in range(7)]
    assert [row["id"] for row in everything(database, "dag_run", {"logical_date": [days[2], days[4]]})] == [2, 3, 4]
    assert [row["run"] for row in everything(database, "task_instance", {"logical_date": [days[5], None]})] == [5, 6]
    assert [row["run"] for row in everything(database, "xcom", {"logical_date": [None, days[1]]}, key=["k"])] == [0, 1]
    assert everything(database, "dag_run", {"started_at": [None, days[6]]}) == []
    (task,) = everything(database, "task_instance", run_id=["r3"], state=["none", "failed"])
    assert (task["dag_id"], task["logical_date"]) == ("b", MICROSECONDS + 3 * 86_400_000_000)
    keys = [(row["run"], row["key"]) for row in everything(database, "xcom", dag_id=["b"])]
    assert keys == [(number, key) for number in (1, 3, 5) for key in ("k", "return_value")]
    assert len(everything(database, "xcom")) == 14


def test_a_page_holds_as_much_as_a_message_carries(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    put(database, runs=3)
    monkeypatch.setattr(views, "LARGEST_PAGE", 1)
    with database.read() as conn:
        page = views.page(conn, Asked("xcom", {}, {}))
    assert len(page.rows) == 1
    assert page.after == [0, "t", -1, "k"]
    assert len(everything(database, "xcom")) == 6


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (Asked("daemon", {}, {}), "no table 'daemon' to look at; there are dag_run, task_instance, xcom, dag"),
        (Asked("connection", {"password": ["x"]}, {}), "cannot be narrowed by 'password', but by conn_id, conn_type"),
        (Asked("dag_run", {"dag_id": "ab"}, {}), "at most 1000 values of 'dag_id'"),
        (Asked("dag_run", {"dag_id": ["a"] * 1001}, {}), "at most 1000 values of 'dag_id'"),
        (Asked("dag_run", {"dag_id": [1]}, {}), "1 is no value of 'dag_id'"),
        (Asked("dag_run", {"dag_id": ["\0"]}, {}), "is no value of 'dag_id'"),
        (Asked("dag_run", {"dag_id": ["\ud800"]}, {}), "is no value of 'dag_id'"),
        (Asked("dag_run", {"dag_id": ["x" * 1001]}, {}), "is no value of 'dag_id'"),
        (Asked("dag_run", {"id": [True]}, {}), "True is no value of 'id'"),
        (Asked("dag_run", {"id": [1 << 63]}, {}), "is no value of 'id'"),
        (Asked("dag_run", {"logical_date": ["2026-01-01"]}, {}), "is no value of 'logical_date'"),
        (Asked("dag_run", {"logical_date": [1 << 62]}, {}), "is no value of 'logical_date'"),
        (Asked("dag_run", {}, {"dag_id": [None, None]}), "cannot be narrowed by 'dag_id' between"),
        (Asked("dag_run", {}, {"logical_date": [1]}), "cannot be narrowed by 'logical_date' between"),
        (Asked("dag_run", {}, {"logical_date": ["1", None]}), "'1' is no value of 'logical_date'"),
        (Asked("dag_run", {}, {}, ["x"]), "'x' is no value of 'id'"),
        (Asked("xcom", {}, {}, [1]), "is no key of table 'xcom'"),
    ],
)
def test_what_cannot_be_asked_for_is_told(sqlite_url: str, asked: Asked, told: str) -> None:
    database = Database(sqlite_url)
    with database.read() as conn, pytest.raises(ValueError, match=told):
        views.page(conn, asked)
    with database.read() as conn:
        assert views.page(conn, Asked("pool", {"name": ["default_pool"]}, {})).after is None
    database.dispose()


def test_secrets_are_opened_and_no_view_has_the_rest(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    cipher = Cipher(Fernet.generate_key().decode())
    database.write(lambda conn: variables.set_variable(conn, "k", "secret", description=None, cipher=cipher))
    page = read_page(database, Asked("variable", {"key": ["k"]}, {}), cipher=cipher)
    assert page.to_json() == {"rows": [{"key": "k", "value": "secret", "description": None}], "after": None}
    asked = Asked("variable", {}, {}, None, ["value", "key", "nothing"])
    assert read_page(database, asked, cipher=Cipher(Fernet.generate_key().decode())).rows == [
        {"key": "k", "value": None, "description": None}
    ], "nothing is decrypted that is not wanted, and no key is left out"
    shown = {name for view in views.VIEWS.values() for name in view.columns}
    assert not shown & {"serialized", "worker", "nonce", "token", "error_trace", "team", "quarantine"}
    database.dispose()
