"""Rows are copied from one database to another in batches."""

from __future__ import annotations

import pytest
from tradewind_common_sql.operators.generic_transfer import GenericTransfer


@pytest.fixture
def store(add_file):
    hook = add_file("store")
    hook.run("CREATE TABLE sums (day TEXT PRIMARY KEY, visitors INTEGER)")
    return hook


def copy(host, sql="SELECT day, sum(visitors) FROM visits GROUP BY day", **arguments):
    given = {"source_conn_id": "shop", "destination_conn_id": "store", "destination_table": "sums", **arguments}
    return host.run(GenericTransfer(task_id="copy", sql=sql, **given))


def sums(hook):
    return dict(hook.get_records("SELECT day, visitors FROM sums"))


def test_rows_are_copied_and_counted(host, shop, store):
    assert copy(host) == 3
    assert sums(store) == {"2020-12-25": 10, "2020-12-31": 0, "2021-01-01": 20}


def test_the_statements_before_it_run_first_and_are_templated(host, shop, store):
    store.insert_rows("sums", [("2020-12-25", 99), ("2021-01-01", 99)])
    sql = "SELECT day, sum(visitors) FROM visits WHERE day = '{{ ds }}' GROUP BY day"
    assert copy(host, sql, preoperator=["DELETE FROM sums WHERE day = '{{ ds }}'"]) == 1
    assert sums(store) == {"2020-12-25": 99, "2021-01-01": 20}


def test_several_queries_and_arguments_of_the_insertion(host, shop, store):
    queries = ["SELECT 1, 'a'", "SELECT 2, 'a'"]
    assert copy(host, queries, insert_args={"target_fields": ["visitors", "day"], "replace": True}) == 2
    assert sums(store) == {"a": 2}


def test_a_table_is_copied_within_its_database_though_the_preoperator_empties_it(host, shop, store):
    store.insert_rows("sums", ((str(n), n) for n in range(2500)))
    taken = "SELECT day || 'x', visitors FROM sums"
    assert copy(host, taken, source_conn_id="store", preoperator="DELETE FROM sums", batch_rows=100) == 2500
    assert len(sums(store)) == 2500
    assert sums(store)["7x"] == 7


def test_never_more_rows_than_a_batch_are_held(host, shop, store, monkeypatch):
    asked = []
    real = type(store).insert_batch

    def insert_batch(hook, cursor, table, rows, *others):
        asked.append(len(rows))
        return real(hook, cursor, table, rows, *others)

    monkeypatch.setattr(type(store), "insert_batch", insert_batch)
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) SELECT i, i FROM n"
    assert copy(host, numbers, insert_args={"commit_every": 1000}) == 2500
    assert asked == [1000, 1000, 500]


def test_hooks_take_further_arguments(host, shop, store, tmp_path):
    other = {"database": str(tmp_path / "store.db")}
    copy(host, destination_conn_id="shop", destination_hook_params=other)
    assert len(sums(store)) == 3
    with pytest.raises(Exception, match="no such table: visits"):
        copy(host, source_hook_params=other)


def test_killed_it_cancels_on_both_sides(host, shop, store, monkeypatch):
    cancelled = []
    monkeypatch.setattr(type(shop), "cancel", lambda hook: cancelled.append(hook.connection_id))
    task = GenericTransfer(
        task_id="copy", sql="SELECT 1, 2", destination_table="sums", source_conn_id="shop", destination_conn_id="store"
    )
    host.run(task)
    task.on_kill()
    assert cancelled == ["shop", "store"]
