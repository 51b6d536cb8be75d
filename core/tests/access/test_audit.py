"""The audit log: what is written, what is starred, and what is cleaned away."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tradewind.access.actors import Actor
from tradewind.access.audit import STARS, record, starred
from tradewind.metadata import cleaning
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements import audit

ANN = Actor("ann", 1, frozenset(), via="token")
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
IDS = RandomIds(lambda: NOW)
SECRET = "planted and nowhere to be found"


def write(database: Any, **what: Any) -> None:
    database.write(lambda c: record(c, **{"actor": ANN, "event": "pools.change", "now": NOW, "ids": IDS, **what}))


def test_an_entry_tells_who_did_what_when_and_with_what(database) -> None:
    where = {"dag_id": "d", "run_id": "r", "task_id": "t", "map_index": 3, "try_number": 2, "logical_date": NOW}
    write(database, before={"slots": 1}, after={"slots": 2}, **where)
    with database.read() as connection:
        (entry,), total = audit.list_events(connection)
        assert audit.get_event(connection, entry.id) == entry
        assert audit.get_event(connection, 7) is None
    assert total == 1
    assert (entry.at, entry.event, entry.owner) == (NOW, "pools.change", "ann")
    assert {name: getattr(entry, name) for name in where} == where
    assert json.loads(str(entry.extra)) == {"via": "token", "before": {"slots": 1}, "after": {"slots": 2}}


def test_entries_are_found_by_what_they_are_about_in_two_statements(database, statements) -> None:
    for number, dag_id in enumerate(["a", "b", None, "a"]):
        write(database, dag_id=dag_id, event=f"e{number}", now=NOW + timedelta(days=number))

    def found(**conditions: Any) -> list[str]:
        with statements.recorded(database), database.read() as connection:
            entries, _ = audit.list_events(connection, **conditions)
        statements.assert_at_most(2)
        return [each.event for each in entries]

    assert found() == ["e0", "e1", "e2", "e3"]
    assert found(order_by="at", is_descending=True, limit=2, offset=1) == ["e2", "e1"]
    assert found(dag_id="a") == ["e0", "e3"]
    assert found(dags={"b"}) == ["e1"]
    assert found(dags=frozenset()) == []
    assert found(included=["e1", "e2"]) == ["e1", "e2"]
    assert found(excluded=["e1", "e2"]) == ["e0", "e3"]
    assert found(after=NOW, before=NOW + timedelta(days=2)) == ["e1"]
    assert found(owner="eve") == []


@pytest.mark.parametrize(
    "value",
    [
        {"password": SECRET},
        {"extra": {"aws_secret_access_key": SECRET}},
        {"connections": [{"api_key": SECRET, "host": "h"}]},
        {"key": "db_password", "value": SECRET},
        {"key": "db_token", "val": {"a": SECRET}},
        {"Authorization": [SECRET]},
        {"TOKEN": {"nested": SECRET}},
    ],
)
def test_what_is_called_like_a_secret_is_starred_at_any_depth(database, value: Any) -> None:
    write(database, before=value, after={"list": [value]}, more={"more": value})
    with database.read() as connection:
        text = repr(connection.exec_driver_sql("SELECT * FROM audit_event").all())
    assert SECRET not in text
    assert STARS in text


NAMES = st.sampled_from(["password", "my_token", "host", "key", "value", "Secret", "slots"])
LEAVES = st.none() | st.integers() | st.just(SECRET) | st.text(max_size=5)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=12)


@given(VALUES)
@settings(max_examples=100, deadline=None)
def test_nothing_below_a_secret_name_is_left_and_all_else_is(value: Any) -> None:
    assert starred({"password": value, "host": 1}) == {"password": None if value is None else STARS, "host": 1}
    assert starred(starred(value)) == starred(value)
    assert json.loads(json.dumps(starred(value))) == starred(value)


def test_long_names_and_texts_are_cut_and_sets_are_sorted(database) -> None:
    long = Actor("n" * 1000, 1, frozenset(), via="cli")
    write(database, actor=long, dag_id="d" * 1000, before={"text": "x" * 5000}, after={"set": {"b", "a"}})
    with database.read() as connection:
        (entry,), _ = audit.list_events(connection)
    extra = json.loads(str(entry.extra))
    assert (len(str(entry.owner)), len(str(entry.dag_id))) == (250, 250)
    assert extra["before"]["text"].endswith("(5000 characters)")
    assert extra["after"]["set"] == ["a", "b"]


def test_old_entries_are_cleaned_away(database) -> None:
    for days in range(3):
        write(database, now=NOW + timedelta(days=days), event=f"e{days}")
    deleted = cleaning.clean(database, "audit_event", NOW + timedelta(days=2), storage=None, batch=1)  # type: ignore[arg-type]
    assert deleted == 2
    with database.read() as connection:
        assert [each.event for each in audit.list_events(connection)[0]] == ["e2"]
