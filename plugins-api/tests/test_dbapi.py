"""The base of SQL hooks, over the driver that comes with Python. Providers test it over others."""

from __future__ import annotations

import sqlite3

import pytest
from tradewind_plugins.connection import Connection
from tradewind_plugins.dbapi import DbApiHook, fetch_all_handler, fetch_one_handler
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.host import Host, bind


class CageHook(DbApiHook):
    conn_name_attr = "cage_conn_id"
    default_conn_name = "cage"
    placeholder = "?"
    calls = 0

    def get_conn(self):
        return sqlite3.connect(self.get_connection(self.connection_id).host)

    def wait_for(self, conn, call, *arguments):
        self.calls += 1
        return super().wait_for(conn, call, *arguments)


class Cage(Host):
    def __init__(self, path):
        self.path = path

    def connection(self, conn_id):
        return Connection(conn_id=conn_id, conn_type="cage", host=str(self.path), login="polly")


@pytest.fixture
def hook(tmp_path):
    with bind(Cage(tmp_path / "cage.db")):
        made = CageHook()
        made.run("CREATE TABLE birds (name TEXT PRIMARY KEY, words INTEGER)")
        yield made


def names(hook):
    return [row[0] for row in hook.get_records("SELECT name FROM birds ORDER BY name")]


def test_what_handlers_fetch(hook):
    hook.insert_rows("birds", [("a", 1), ("b", 2)])
    assert hook.run("SELECT words FROM birds ORDER BY 1", handler=fetch_all_handler) == [(1,), (2,)]
    assert hook.run("SELECT words FROM birds ORDER BY 1", handler=fetch_one_handler) == (1,)
    assert hook.run("DELETE FROM birds", handler=fetch_all_handler) is None
    assert hook.run("DELETE FROM birds", handler=fetch_one_handler) is None


def test_columns_of_the_last_run_are_told(hook):
    assert hook.last_description is None
    hook.run(["SELECT 1 AS one", "SELECT 2 AS two"], handler=fetch_all_handler)
    assert [each[0][0] for each in hook.descriptions] == ["one", "two"]
    assert hook.last_description[0][0] == "two"
    hook.run("SELECT 3 AS three")
    assert hook.descriptions == []


def test_rows_are_read_as_they_are_needed(hook):
    hook.insert_rows("birds", ((f"{number:03}", number) for number in range(100)))
    before = hook.calls
    rows = hook.iterate("SELECT words FROM birds WHERE words >= ? ORDER BY name", [10], batch_rows=20)
    assert [next(rows) for _ in range(3)] == [(10,), (11,), (12,)]
    assert hook.calls - before == 2
    assert len(list(rows)) == 87
    assert hook.last_description[0][0] == "words"
    assert list(hook.iterate("SELECT 1 WHERE 0")) == []


def test_rows_of_several_widths_are_written_in_their_order(hook):
    hook.run("CREATE TABLE wide (a DEFAULT 0, b DEFAULT 0)")
    written = []
    real = hook.insert_batch
    hook.insert_batch = lambda *given: (written.append(len(given[2])), real(*given))
    assert hook.insert_rows("wide", [(1, 2), (3, 4)], ["a", "b"]) == 2
    assert hook.insert_rows("wide", iter([]), ["a"]) == 0
    with pytest.raises(sqlite3.OperationalError, match="1 values for 2 columns"):
        hook.insert_rows("wide", [(5, 6), (7,)], ["a", "b"])
    assert written == [2, 1, 1]
    assert hook.get_records("SELECT * FROM wide") == [(1, 2), (3, 4)]


@pytest.mark.parametrize(("commit_every", "kept"), [(2, ["a", "b"]), (0, [])])
def test_batches_are_transactions(hook, commit_every, kept):
    with pytest.raises(sqlite3.IntegrityError):
        hook.insert_rows("birds", [("a", 1), ("b", 1), ("c", 1), ("a", 2)], commit_every=commit_every)
    assert names(hook) == kept


def test_an_option_that_no_batch_takes_is_refused(hook):
    assert hook.insert_rows("birds", [("a", 1)], executemany=True, fast_executemany=True) == 1
    with pytest.raises(TypeError, match="replace_indx"):
        hook.insert_rows("birds", [("b", 1)], replace_indx="name")


def test_what_a_driver_does_not_have_is_said(hook):
    assert hook.get_autocommit(object()) is False
    hook.cancel()
    with pytest.raises(NotImplementedError, match="CageHook has no bulk load"):
        hook.bulk_load("birds", "file")
    with pytest.raises(NotImplementedError, match="CageHook has no bulk dump"):
        hook.bulk_dump("birds", "file")
    assert hook.get_uri().startswith("cage://polly@")


def test_nothing_to_run_is_an_error(hook):
    with pytest.raises(TradewindException, match="there is no SQL statement to run"):
        hook.run([" "])
