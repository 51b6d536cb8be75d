"""The hook on a real server."""

from __future__ import annotations

import json
import os
import signal
import threading
from contextlib import closing

import psycopg2
import pytest
from psycopg2 import errors
from tradewind_plugins.exceptions import ConnectionFailed, TradewindException
from tradewind_plugins.host import bind, current
from tradewind_postgres.hooks.postgres import PostgresHook

pytestmark = pytest.mark.backed_by("real", "PostgreSQL")

# In this database, as others may be tested on the same server
AT_WORK = "SELECT pid, query FROM pg_stat_activity WHERE datname = current_database() AND query LIKE "
ASLEEP = f"{AT_WORK} 'SELECT pg_sleep(%' AND state = 'active'"
FETCHING = f"{AT_WORK} 'FETCH FORWARD%' AND state = 'active'"


@pytest.fixture
def extend(host, shop, database):
    """Give the connection changes."""
    return lambda **changes: host.add_connection(database.replace(**changes))


def asleep(shop):
    return [row[0] for row in shop.get_records(ASLEEP)]


def await_sleeper(shop, thread):
    """Return the server's process that sleeps for a statement, as soon as there is one."""
    while thread.is_alive():
        found = asleep(shop)
        if found:
            return found[0]
    raise AssertionError("the statement ended by itself")


def test_parameters_of_libpq_are_passed_on(shop, extend):
    extend(extra={"options": "-c statement_timeout=1234ms", "application_name": "mine", "keepalives_idle": 30})
    assert shop.get_first("SHOW statement_timeout") == ("1234ms",)
    assert shop.get_first("SHOW application_name") == ("mine",)
    assert PostgresHook(options="-c lock_timeout=7s").get_first("SHOW lock_timeout") == ("7s",)
    with closing(shop.get_conn()) as conn:
        assert conn.get_dsn_parameters()["keepalives_idle"] == "30"
    extend(extra={"sslmode": "require"})
    with pytest.raises(ConnectionFailed, match=r"connection 'postgres_default' .*does not support SSL"):
        shop.get_first("SELECT 1")


def test_a_server_is_told_whose_statements_they_are(shop):
    assert shop.get_first("SHOW application_name") == ("tradewind",)
    shop.client_name = "dag." + 30 * "ä" + "task"
    assert shop.get_first("SELECT current_setting('application_name', true)")[0].startswith("dag.")


def test_another_database_can_be_named(shop):
    assert PostgresHook(database="postgres").get_first("SELECT current_database()") == ("postgres",)
    assert PostgresHook(schema="postgres").get_first("SELECT current_database()") == ("postgres",)


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        ("dictcursor", lambda row: row["visitors"]),
        ("RealDictCursor", lambda row: row["visitors"]),
        ("namedtuplecursor", lambda row: row.visitors),
    ],
)
def test_rows_of_other_kinds(shop, extend, kind, cell):
    extend(extra={"cursor": kind})
    assert cell(shop.get_first("SELECT day, visitors FROM visits ORDER BY day")) == 10
    assert [cell(row) for row in shop.iterate("SELECT visitors FROM visits ORDER BY day")] == [10, 12]
    assert shop.get_table_primary_key("visits") == ["day"]


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ({"cursor": "quickcursor"}, "has the cursor 'quickcursor'; there are dictcursor, realdictcursor"),
        ({"iam": True}, "has 'iam': logins by AWS are not built; give login and password"),
    ],
)
def test_an_extra_that_makes_no_sense_is_named(shop, extend, extra, told):
    extend(extra=extra)
    with pytest.raises(TradewindException, match=f"the extra of connection 'postgres_default' {told}"):
        shop.get_conn()


def test_airflows_extra_that_asks_for_nothing_is_taken(shop, extend):
    extend(extra={"iam": False, "redshift": False})
    assert shop.get_first("SELECT 1") == (1,)


def test_a_password_of_a_key_is_masked(host, shop, extend):
    extend(extra={"sslpassword": "of the key"})
    shop.get_first("SELECT 1")
    assert "of the key" in host.masked


def test_one_transaction_or_each_statement_its_own(shop):
    two = ["DELETE FROM visits", "DELETE FROM gone"]
    with pytest.raises(errors.UndefinedTable):
        shop.run(two)
    assert shop.get_first("SELECT count(*) FROM visits") == (2,)
    with pytest.raises(errors.UndefinedTable):
        shop.run(two, autocommit=True)
    assert shop.get_first("SELECT count(*) FROM visits") == (0,)
    shop.run("VACUUM visits", autocommit=True)
    with pytest.raises(errors.ActiveSqlTransaction):
        shop.run("VACUUM visits")


def test_several_statements_in_one_text(shop):
    text = "DO $$ BEGIN PERFORM 1; END $$; SELECT 1; SELECT 'a;b'"
    fetch = {"handler": lambda cursor: cursor.fetchall(), "split_statements": True}
    assert shop.run("SELECT 1; SELECT 'a;b'", return_last=False, **fetch) == [[(1,)], [("a;b",)]]
    assert shop.run(text, handler=lambda cursor: cursor.description is None, split_statements=True) is False
    assert shop.run(text, handler=lambda cursor: cursor.fetchall()) == [("a;b",)]


def test_what_the_server_says_is_in_the_log(shop, caplog):
    caplog.set_level("INFO")
    say = "DO $$ BEGIN RAISE NOTICE 'ahoy from %', 'the server'; END $$"
    shop.run(say)
    assert "NOTICE: " not in caplog.text
    PostgresHook(enable_log_db_messages=True).run([say, "SELECT 1"])
    assert caplog.text.count("NOTICE:  ahoy from the server") == 1


class TestErrors:
    def test_those_of_statements_are_the_drivers(self, shop):
        with pytest.raises(errors.UniqueViolation):
            shop.insert_rows("visits", [("2021-01-01", 1, None)])
        with pytest.raises(errors.QueryCanceled):
            PostgresHook(options="-c statement_timeout=10").get_first("SELECT pg_sleep(600)")
        shop.run("CREATE TABLE IF NOT EXISTS locked (a INTEGER)")
        with closing(shop.get_conn()) as conn, conn.cursor() as cursor:
            cursor.execute("LOCK TABLE visits")
            with pytest.raises(errors.LockNotAvailable):
                shop.run("LOCK TABLE visits NOWAIT")

    def test_a_database_that_is_not_there_names_the_connection(self, shop):
        with pytest.raises(ConnectionFailed, match=r'connection \'postgres_default\' .*database "gone" does not exist'):
            PostgresHook(database="gone").get_first("SELECT 1")

    def test_a_connection_that_the_server_ends_is_named(self, shop):
        failed = []

        def sleep():
            try:
                PostgresHook().get_first("SELECT pg_sleep(600)")
            except ConnectionFailed as error:
                failed.append(str(error))

        thread = in_thread(shop, sleep)
        shop.get_first("SELECT pg_terminate_backend(%s)", [await_sleeper(shop, thread)])
        thread.join()
        assert failed[0].startswith("connection 'postgres_default' (postgres, 127.0.0.1:")
        assert "terminating connection" in failed[0] or "closed the connection" in failed[0]


def in_thread(shop, work):
    """Run work in a thread where the test's host is bound."""

    def bound(host):
        with bind(host):
            work()

    thread = threading.Thread(target=bound, args=(current(),))
    thread.start()
    return thread


class TestEnding:
    def test_a_signal_ends_the_wait_and_the_statement(self, shop):
        """psycopg2 alone would let the signal wait for ten minutes."""

        class EndedError(Exception):
            pass

        def end(_number, _frame):
            raise EndedError

        main = threading.main_thread()
        previous = signal.signal(signal.SIGUSR1, end)
        waker = in_thread(shop, lambda: (await_sleeper(shop, main), os.kill(os.getpid(), signal.SIGUSR1)))
        try:
            with pytest.raises(EndedError):
                shop.get_first("SELECT pg_sleep(600)")
        finally:
            signal.signal(signal.SIGUSR1, previous)
        waker.join()
        assert asleep(shop) == []
        assert shop.get_first("SELECT 1") == (1,)

    def test_cancelled_from_elsewhere_the_statement_fails(self, shop):
        sleeping, failed = PostgresHook(), []

        def sleep():
            try:
                list(sleeping.iterate("SELECT pg_sleep(600)"))
            except errors.QueryCanceled as error:
                failed.append(error)

        thread = in_thread(shop, sleep)
        while thread.is_alive() and not shop.get_records(FETCHING):
            continue
        sleeping.cancel()
        thread.join()
        assert len(failed) == 1

    def test_with_nothing_to_end_nothing_happens(self, shop):
        shop.cancel()


class TestRows:
    def test_a_batch_is_one_statement(self, shop):
        rows = ((str(number), number, None) for number in range(2500))
        assert shop.insert_rows("visits", rows, commit_every=1000) == 2500
        # Rows of one transaction have one xmin, and those of one statement one cmin
        told = shop.get_records("SELECT count(*) FROM visits WHERE visitors < 2500 GROUP BY xmin, cmin ORDER BY 1")
        assert [number for (number,) in told if number > 2] == [500, 1000, 1000]

    def test_batches_are_committed(self, shop):
        rows = [("a", 1), ("b", 2), ("c", 3), ("a", 4)]
        with pytest.raises(errors.UniqueViolation):
            shop.insert_rows("visits", rows, ["day", "visitors"], commit_every=2)
        assert shop.get_first("SELECT count(*) FROM visits WHERE day IN ('a', 'b', 'c')") == (2,)
        with pytest.raises(errors.UniqueViolation):
            shop.insert_rows("visits", [("d", 1), ("d", 1)], ["day", "visitors"], commit_every=0)
        assert shop.get_first("SELECT count(*) FROM visits WHERE day = 'd'") == (0,)

    def test_rows_of_the_same_key_are_replaced(self, shop):
        key = {"target_fields": ["day", "visitors"], "replace": True, "replace_index": "day"}
        shop.insert_rows("visits", [("2021-01-01", 99), ("2021-01-02", 1)], **key)
        assert shop.get_records("SELECT visitors FROM visits ORDER BY day") == [(10,), (99,), (1,)]
        shop.insert_rows("visits", [["2021-01-01"]], ["day"], replace=True, replace_index=["day"])
        assert shop.get_first("SELECT visitors FROM visits WHERE day = '2021-01-01'") == (99,)

    @pytest.mark.parametrize("missing", ["target_fields", "replace_index"])
    def test_replacing_needs_columns_and_key(self, shop, missing):
        given = {"target_fields": ["day", "visitors"], "replace_index": "day", missing: None}
        with pytest.raises(TradewindException, match="insert_rows into visits with replace=True needs target_fields"):
            shop.insert_rows("visits", [("x", 1)], replace=True, **given)

    def test_a_dict_is_written_as_json(self, shop):
        shop.insert_rows("visits", [("x", 1, {"a": [1, None]})])
        assert shop.get_first("SELECT told FROM visits WHERE day = 'x'") == ({"a": [1, None]},)

    def test_airflows_words_for_batches_ask_for_nothing(self, shop):
        assert shop.insert_rows("visits", [("x", 1, None)], executemany=True, fast_executemany=True) == 1

    def test_the_server_keeps_what_is_not_read_yet(self, shop):
        rows = shop.iterate("SELECT n FROM generate_series(1, %s) AS n", [100_000], batch_rows=100)
        assert [next(rows)[0] for _ in range(250)] == list(range(1, 251))
        told = shop.get_records(f"{AT_WORK} 'FETCH%'")
        assert [query for _, query in told] == ['FETCH FORWARD 100 FROM "tradewind_stream"']
        rows.close()
        while shop.get_records(f"{AT_WORK} 'FETCH%'"):  # the server lets go of it as soon as it has noticed
            continue

    def test_rows_as_frames(self, shop):
        frame = shop.get_pandas_df("SELECT day, visitors * 0.5 AS half FROM visits ORDER BY day")
        assert frame.to_dict("list") == {"day": ["2020-12-31", "2021-01-01"], "half": [5.0, 6.0]}
        assert shop.get_pandas_df("SELECT day FROM visits WHERE day = %s", ["never"]).columns.tolist() == ["day"]
        frames = list(shop.get_pandas_df_by_chunks("SELECT n FROM generate_series(1, 5) AS n", chunksize=2))
        assert [each["n"].tolist() for each in frames] == [[1, 2], [3, 4], [5]]


class TestCopy:
    def test_a_table_goes_to_a_file_and_back(self, shop, tmp_path):
        file = tmp_path / "visits.tsv"
        file.write_text("x" * 1000)
        shop.bulk_dump("visits", str(file))
        assert file.read_text() == "2020-12-31\t10\t\\N\n2021-01-01\t12\t\\N\n"
        shop.run("DELETE FROM visits")
        shop.bulk_load("visits", str(file))
        assert shop.get_records("SELECT day, visitors FROM visits ORDER BY day") == [
            ("2020-12-31", 10),
            ("2021-01-01", 12),
        ]
        assert file.stat().st_size == 34

    def test_any_copy_makes_its_file(self, shop, tmp_path):
        shop.copy_expert("COPY (SELECT day FROM visits) TO STDOUT WITH CSV HEADER", str(tmp_path / "new.csv"))
        assert (tmp_path / "new.csv").read_text().splitlines() == ["day", "2020-12-31", "2021-01-01"]

    def test_what_fails_is_rolled_back(self, shop, tmp_path):
        file = tmp_path / "bad.tsv"
        file.write_text("2022-01-01\t1\t\\N\n2022-01-02\tmany\t\\N\n")
        with pytest.raises(errors.InvalidTextRepresentation):
            shop.bulk_load("visits", str(file))
        assert shop.get_first("SELECT count(*) FROM visits") == (2,)


def test_the_key_of_a_table(shop):
    shop.run("CREATE TABLE IF NOT EXISTS pairs (b INTEGER, a INTEGER, c INTEGER, PRIMARY KEY (c, a))")
    assert shop.get_table_primary_key("pairs") == ["c", "a"]
    shop.run("CREATE SCHEMA IF NOT EXISTS other; CREATE TABLE IF NOT EXISTS other.pairs (a INTEGER PRIMARY KEY)")
    assert shop.get_table_primary_key("pairs", "other") == ["a"]
    assert shop.get_table_primary_key("nothing") is None


def test_the_uri_is_one_that_the_driver_takes(shop, extend):
    extend(password="p@ss", extra=json.dumps({"connect_timeout": 5, "cursor": "dictcursor"}))
    with closing(psycopg2.connect(shop.get_uri())) as conn:
        assert conn.get_dsn_parameters()["connect_timeout"] == "5"
    assert PostgresHook(database="other").get_uri().endswith("/other?connect_timeout=5")
    extend(extra=None)
    assert "?" not in shop.get_uri()
