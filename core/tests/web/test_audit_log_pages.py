"""The page about the audit log: who did what, and what it changed in words."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from administration import MARKUP, MOST_STATEMENTS, PLANTED, mighty
from stages import Stage
from tradewind.access.actors import Actor
from tradewind.access.audit import record
from tradewind.metadata.ids import RandomIds
from tradewind.operations.connections import change_connection, create_connection, delete_connection
from tradewind.operations.pools import change_pool
from tradewind.web.pages.audit_log import changes

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


def note(stage: Stage, owner: str, event: str, *, now: datetime = NOW, **what: Any) -> None:
    actor, ids = Actor(owner, 1, None, via="token"), RandomIds(lambda: now)
    stage.tools.database.write(lambda c: record(c, actor=actor, event=event, now=now, ids=ids, **what))


@pytest.mark.parametrize(
    ("told", "lines"),
    [
        ({"before": {"slots": 3, "n": "p"}, "after": {"slots": 5, "n": "p"}}, ["slots was 3, and is now 5"]),
        ({"before": {"a": None}, "after": {"a": "x"}}, ["a is now x"]),
        ({"before": {"a": "x y"}, "after": {}}, ["a was “x y”, and is none now"]),
        ({"before": {"a": {"b": [1, 2]}}, "after": {"a": {"b": [2, 3]}}}, ["a.b: added 3", "a.b: took away 1"]),
        ({"before": {"on": True}, "after": {"on": False}}, ["on was yes, and is now no"]),
        ({"before": {"password": "***"}, "after": {"password": "***"}}, []),
        ({"before": {"password": "***"}, "after": {"password": None}}, ["password was a secret, and is none now"]),
        ({"before": 1, "after": {"a": 2}}, ['value was 1, and is now {"a": 2}']),
        ({"after": {"name": "n", "more": {"a": 1, "b": ""}}}, ["name is n", "more.a is 1", "more.b is empty"]),
        ({"before": {"name": "n"}, "asked": {"name": "n", "why": "x"}}, ["name was n", "why: x"]),
        ({"asked": {"state": "failed"}, "via": "token"}, ["state: failed"]),
        ({"before": {"p": []}, "after": {"p": [["can_read", "Pools"]]}}, ["p: added (can_read, Pools)"]),
        ({"after": {"text": "x" * 500}}, [f"text is {'x' * 200}…"]),
        ({"said": "no json"}, ["said: “no json”"]),
    ],
)
def test_changes_are_told_in_words(told: dict[str, Any], lines: list[str]) -> None:
    assert list(changes(told)) == lines


def test_entries_are_shown_the_newest_first_and_filtered(stage: Stage) -> None:
    note(stage, "ann", "runs.trigger", dag_id="chain", run_id="r1", after={"conf": {"n": 1}})
    note(stage, "bob", "pools.change", now=NOW + timedelta(hours=1), before={"slots": 1}, after={"slots": 2})
    client = stage.client()
    page = client.get("/audit-log").text
    assert page.index("slots was 1, and is now 2") < page.index("conf.n is 1")
    assert "Change a pool." in page
    assert "by token" in page
    for asked, found in (
        ("owner=ann", "conf.n is 1"),
        ("event=runs.trigger", "conf.n is 1"),
        ("dag_id=chain", "conf.n is 1"),
        ("run_id=r1", "conf.n is 1"),
        ("before=2026-03-01T12:30", "conf.n is 1"),
        ("after=2026-03-01T12:30&owner=&dag_id=", "slots was 1"),
    ):
        page = client.get(f"/audit-log?{asked}").text
        assert found in page, asked
        assert ("conf.n is 1" in page) != ("slots was 1" in page), asked
    assert "Nothing like this was done" in client.get("/audit-log?owner=nobody").text
    assert client.get("/audit-log?after=yesterday").status_code == 400


def test_what_was_changed_is_named_and_no_secret_is_told(stage: Stage) -> None:
    values = {"conn_id": "warehouse", "conn_type": "fs", "password": PLANTED, "extra": f'{{"token": "{PLANTED}"}}'}
    create_connection(mighty(stage), values=values)
    change_connection(mighty(stage), conn_id="warehouse", values={"password": f"{PLANTED}2", "host": "h"})
    change_pool(mighty(stage), name="default_pool", slots=64)
    delete_connection(mighty(stage), conn_id="warehouse")
    page = stage.client().get("/audit-log").text
    assert PLANTED not in page
    assert "password is a secret" in page
    assert "host is now h" in page
    assert page.count("<div>warehouse</div>") == 3
    assert "<div>default_pool</div>" in page
    assert "slots was 128, and is now 64" in page


def test_what_people_wrote_is_escaped(stage: Stage) -> None:
    more = {MARKUP: MARKUP, "name": MARKUP}
    note(stage, MARKUP, MARKUP, dag_id=MARKUP, run_id=MARKUP, task_id=MARKUP, before=more, after={"name": MARKUP})
    note(stage, "ann", "strange", after=[MARKUP])
    page = stage.client().get(f"/audit-log?owner={MARKUP}")
    assert page.status_code == 200
    assert "&lt;script&gt;" in page.text
    assert "<script>alert" not in page.text + stage.client().get("/audit-log").text


def test_who_may_see_one_dag_sees_what_was_done_with_it(stage: Stage) -> None:
    note(stage, "eve", "dags.change", dag_id="mapped", after={"is_paused": True})
    note(stage, "eve", "dags.change", dag_id="often", after={"is_paused": False})
    page = stage.client(("can_read", "DAG:mapped"), ("can_read", "Audit Logs")).get("/audit-log?owner=eve").text
    assert "is_paused is yes" in page
    assert "is_paused is no" not in page
    assert stage.client(("can_read", "DAGs")).get("/audit-log").status_code == 403


def test_statements_do_not_grow(stage: Stage, statements: Any) -> None:
    counts = []
    for number in (1, 20):
        for _ in range(number):
            note(stage, "ann", "runs.trigger", dag_id="chain", after={"conf": {"n": 1}})
        with statements.recorded(stage.tools.database):
            assert stage.client().get("/audit-log").status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1] <= MOST_STATEMENTS
