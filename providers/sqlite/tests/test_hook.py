import re
import sqlite3
from contextlib import closing

import pytest
from tradewind_plugins.dbapi import fetch_all_handler
from tradewind_plugins.exceptions import ConnectionFailed, TradewindException, TradewindNotFoundException
from tradewind_sqlite.hooks.sqlite import SqliteHook


def rows(path, sql="SELECT * FROM t ORDER BY 1"):
    with closing(sqlite3.connect(path)) as conn:
        return conn.execute(sql).fetchall()


@pytest.fixture
def hook(shop):
    hook = SqliteHook()
    hook.run("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")
    return hook


def test_rows_reach_the_file_and_come_back(hook, path):
    assert hook.insert_rows("t", ((n, str(n)) for n in range(5)), target_fields=["a", "b"], commit_every=2) == 5
    assert rows(path) == hook.get_records("SELECT * FROM t") == [(n, str(n)) for n in range(5)]
    assert hook.get_first("SELECT b FROM t WHERE a = ?", parameters=[3]) == ("3",)
    assert hook.get_first("SELECT b FROM t WHERE a = :a", parameters={"a": 9}) is None


def test_rows_of_the_same_key_can_be_replaced(hook, path):
    hook.insert_rows("t", [(1, "old")])
    with pytest.raises(sqlite3.IntegrityError):
        hook.insert_rows("t", [(1, "new")])
    hook.insert_rows("t", [(1, "new")], replace=True)
    assert rows(path) == [(1, "new")]


def test_rows_are_committed_in_whole_batches_only(hook, path):
    with pytest.raises(sqlite3.IntegrityError):
        hook.insert_rows("t", [(1, "a"), (2, "b"), (3, "c"), (1, "again")], commit_every=2)
    assert [row[0] for row in rows(path)] == [1, 2]


def test_all_statements_share_one_transaction(hook, path):
    with pytest.raises(sqlite3.OperationalError, match="no such table: gone"):
        hook.run(["CREATE TABLE u (a)", "INSERT INTO t VALUES (1, 'x')", "INSERT INTO gone VALUES (1)"])
    assert rows(path) == []
    assert rows(path, "SELECT name FROM sqlite_master WHERE type = 'table'") == [("t",)]


def test_with_autocommit_each_statement_stays(hook, path):
    with pytest.raises(sqlite3.OperationalError):
        hook.run(["INSERT INTO t VALUES (1, 'x')", "INSERT INTO gone VALUES (1)"], autocommit=True)
    assert rows(path) == [(1, "x")]
    hook.run("VACUUM", autocommit=True)


def test_answers_of_several_statements(hook):
    sql = "INSERT INTO t VALUES (1, 'a;b'); -- a comment; here\nSELECT a FROM t; SELECT b FROM t;"
    fetch = {"handler": lambda cursor: cursor.fetchall(), "split_statements": True}
    assert hook.run(sql, **fetch) == [("a;b",)]
    assert hook.run(["SELECT 1", "SELECT 2"], handler=fetch["handler"], return_last=False) == [[(1,)], [(2,)]]
    assert hook.run("SELECT 1") is None


def test_the_body_of_a_trigger_stays_whole(hook, path):
    hook.run(
        "CREATE TRIGGER again AFTER INSERT ON t WHEN new.a < 2 BEGIN\n"
        "  INSERT INTO t VALUES (new.a + 10, new.b);\n  INSERT INTO t VALUES (new.a + 20, new.b);\nEND;\n"
        "INSERT INTO t VALUES (1, 'x');",
        split_statements=True,
    )
    assert [row[0] for row in rows(path)] == [1, 11, 21]


@pytest.mark.parametrize("sql", ["", " ;; -- nothing\n", []])
def test_nothing_to_run_is_an_error(hook, sql):
    with pytest.raises(TradewindException, match="no SQL statement"):
        hook.run(sql, split_statements=True)


def test_the_extra_opens_a_file_for_reading_only(hook, extend):
    extend("reader", extra={"mode": "ro", "timeout": 1})
    reader = SqliteHook("reader")
    assert reader.get_records("SELECT * FROM t") == []
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.run("INSERT INTO t VALUES (1, 'x')")


def test_an_extra_that_sqlite_does_not_know_is_named(extend):
    extend(extra={"mod": "ro"})
    with pytest.raises(
        TradewindException, match="the extra of connection 'sqlite_default' has 'mod'; SQLite knows cache"
    ):
        SqliteHook().get_conn()


def test_another_file_can_be_named(hook, tmp_path):
    SqliteHook(database=str(tmp_path / "other?.db")).run("CREATE TABLE t (a)")
    assert rows(tmp_path / "other?.db") == []


def test_the_path_of_a_uri_is_the_file(extend, path):
    extend(host=None, schema=str(path))
    SqliteHook().run("CREATE TABLE t (a)")
    assert rows(path) == []


def test_a_connection_without_a_file_is_named(extend):
    extend(host=None)
    with pytest.raises(TradewindException, match="connection 'sqlite_default' has no host"):
        SqliteHook().get_conn()
    with pytest.raises(TradewindNotFoundException, match="'other'"):
        SqliteHook("other").get_conn()


def test_an_unknown_argument_is_refused():
    with pytest.raises(TypeError, match="SqliteHook has no argument sqlite_con_id"):
        SqliteHook(sqlite_con_id="x")


def test_testing_the_connection_says_what_is_wrong(hook, extend, tmp_path):
    assert hook.test_connection() == (True, "Connection successfully tested")
    extend(host=str(tmp_path / "no" / "such" / "folder.db"))
    works, sentence = hook.test_connection()
    assert not works
    assert re.fullmatch(r"connection 'sqlite_default' \(sqlite, .*/folder.db\): unable to open database file", sentence)


def test_a_file_that_cannot_be_opened_is_named_and_a_retry_succeeds(extend, tmp_path):
    hook = SqliteHook()
    extend(host=str(tmp_path / "later" / "shop.db"))
    with pytest.raises(ConnectionFailed, match=r"connection 'sqlite_default'.*unable to open database file"):
        hook.run("SELECT 1")
    (tmp_path / "later").mkdir()
    hook.run("SELECT 1")


def test_rows_are_read_in_batches_while_the_same_file_is_written_to(hook, path):
    hook.insert_rows("t", ((n, str(n)) for n in range(5000)))
    left = hook.iterate("SELECT a, b FROM t WHERE a >= ? ORDER BY a", [2000], batch_rows=10)
    assert next(left) == (2000, "2000")
    hook.run("DELETE FROM t")
    assert len(list(left)) == 2999
    assert rows(path) == []
    assert list(hook.iterate("PRAGMA user_version")) == [(0,)]
    assert list(hook.iterate("/* a */ -- b\n with u(x) as (values (1), (2)) select * from u")) == [(1,), (2,)]


def test_columns_are_told(hook):
    hook.run(["SELECT 1 AS one", "DELETE FROM t"], handler=fetch_all_handler)
    assert [None if each is None else each[0][0] for each in hook.descriptions] == ["one", None]
    assert hook.last_description is None
