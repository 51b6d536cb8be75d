"""What differs between the databases, on each of them as it really is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timezone

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from tradewind.metadata import dialects, migrating
from tradewind.metadata.engine import Database
from tradewind.metadata.secrets import Cipher
from tradewind.metadata.statements import claims, instances, parsing, pools, runs, variables
from tradewind.metadata.tables import dag, dag_run, dag_version, pool, task_counter, task_instance

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def server(server_url: str) -> Iterator[Database]:
    """A fresh database on a server."""
    database = Database(server_url)
    yield database
    database.dispose()


@pytest.fixture
def a_run(server: Database) -> Database:
    """A database with a DAG, a run 1 of it, and its tasks 11 (queued) and 12 (scheduled)."""
    common = {"run": 1, "dag_id": "d", "try_number": 0, "max_tries": 0, "token": 0, "priority": 1, "pool": "p"}
    common |= {"pool_slots": 1, "executor": "e", "queue": "q", "map_index": -1}
    with server.transaction() as conn:
        conn.execute(
            dag_version.insert(),
            {"id": 7, "dag_id": "d", "number": 1, "structure_hash": "s", "source_hash": "s", "bundle": "b"}
            | {"path": "d.py", "serialized": "{}", "created_at": NOW},
        )
        conn.execute(
            dag.insert(),
            {"dag_id": "d", "bundle": "b", "path": "d.py", "version_id": 7, "is_paused": False, "is_active": True}
            | {"max_active_runs": 1, "max_active_tasks": 1},
        )
        conn.execute(
            dag_run.insert(),
            {"id": 1, "dag_id": "d", "run_id": "r", "run_type": "manual", "version_id": 7, "state": "running"}
            | {"triggered_by": "cli", "queued_at": NOW},
        )
        rows = [
            {"id": 11, "task_id": "a", "rank": 0, "state": "queued", "queued_at": NOW},
            {"id": 12, "task_id": "b", "rank": 1, "state": "scheduled", "queued_at": None},
        ]
        conn.execute(task_instance.insert(), [common | row for row in rows])
        conn.execute(task_counter.insert(), [{"instance": 11, "waits": 0}, {"instance": 12, "waits": 1}])
    return server


def is_free(database: Database, table: sa.Table, key: int | str, *, shared: bool = False) -> bool:
    """Tell whether another session can lock a row at once."""
    [column] = table.primary_key.columns
    wanted = sa.select(column).where(column == key).with_for_update(nowait=True, read=shared)
    with database.engine.connect() as other:
        try:
            other.execute(wanted)
        except sa.exc.DBAPIError as error:
            return not dialects.is_lock_timeout(error)
    return True


def test_an_end_shares_its_run_and_locks_no_task(a_run: Database) -> None:
    with a_run.transaction() as conn:
        assert instances.share_runs(conn, [11])[11].run_id == "r"
        assert not is_free(a_run, dag_run, 1)
        assert is_free(a_run, dag_run, 1, shared=True)
        assert is_free(a_run, task_instance, 11)


def test_a_claim_locks_what_it_claims_and_neither_its_run_nor_its_neighbour(a_run: Database) -> None:
    with a_run.transaction() as conn:
        [row] = claims.lock_claimable(conn, "e", None, worker="w", most=5, now=NOW).rows
        assert (row.instance, row.run_id, row.version_id) == (11, "r", 7)
        assert not is_free(a_run, task_instance, 11)
        assert is_free(a_run, task_instance, 12)
        assert is_free(a_run, dag_run, 1)
        with a_run.transaction() as another:
            assert claims.lock_claimable(another, "e", None, worker="w", most=5, now=NOW).rows == (), (
                "passed over, not waited for"
            )


def test_reading_a_file_locks_its_dags_and_not_their_versions(a_run: Database) -> None:
    with a_run.transaction() as conn:
        assert parsing.lock_dags(conn, "b", "d.py", ["d"])["d"].is_used
        assert not is_free(a_run, dag, "d")
        assert is_free(a_run, dag_version, 7)


def test_a_clear_waits_for_an_end_and_no_longer_than_the_limit(a_run: Database) -> None:
    limit = {"mariadb": "SET innodb_lock_wait_timeout = 1", "postgresql": "SET lock_timeout = '300ms'"}
    with a_run.transaction() as end:
        instances.share_runs(end, [11])
        with a_run.transaction() as clear:
            clear.exec_driver_sql(limit[a_run.dialect])
            with pytest.raises(sa.exc.OperationalError) as error:
                runs.lock(clear, 1)
    assert dialects.is_lock_timeout(error.value)


def test_ids_are_compared_by_their_bytes(database: Database) -> None:
    names = ["a", "A", "á", "a ", "ａ", "日本", "🛶", "🚀"]
    for name in names:
        database.write(lambda c, name=name: pools.set_pool(c, name, slots=1, description=name))  # type: ignore[misc]
    with database.read() as conn:
        assert {each.name: each.description for each in pools.list_pools(conn) if each.name in names} == {
            name: name for name in names
        }
        for name in names:
            assert conn.execute(sa.select(pool.c.name).where(pool.c.name == name)).scalars().all() == [name]


def test_texts_of_a_million_characters_are_kept_whole(database: Database) -> None:
    cipher, text = Cipher(Fernet.generate_key().decode()), "long 🛶 " * 150_000
    database.write(lambda c: variables.set_variable(c, "long", text, description=None, cipher=cipher))
    with database.read() as conn:
        found = variables.get_variable(conn, "long", cipher=cipher)
    assert found is not None
    assert found.value == text


@pytest.mark.mariadb
def test_tables_are_right_whatever_the_defaults_of_the_database(mariadb_empty_url: str) -> None:
    database = Database(mariadb_empty_url)
    migrating.migrate(database)
    tables = "SELECT TABLE_NAME, ENGINE, TABLE_COLLATION FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
    columns = (
        "SELECT DISTINCT COLLATION_NAME FROM information_schema.COLUMNS "
        "WHERE TABLE_SCHEMA = DATABASE() AND COLLATION_NAME IS NOT NULL"
    )
    with database.read() as conn:
        odd = [row for row in conn.exec_driver_sql(tables) if tuple(row[1:]) != ("InnoDB", "utf8mb4_nopad_bin")]
        assert odd == []
        assert conn.exec_driver_sql(columns).scalars().all() == ["utf8mb4_nopad_bin"]
        assert conn.exec_driver_sql("SELECT @@session.time_zone").scalar() == "+00:00"
        assert conn.exec_driver_sql("SELECT @@tx_isolation").scalar() == "READ-COMMITTED"
        comment = "SELECT TABLE_COMMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
        assert "Ended tries" in str(conn.exec_driver_sql(comment).all())
    database.dispose()


@pytest.mark.mariadb
@pytest.mark.parametrize("scheme", ["mysql", "mariadb", "mysql+pymysql", "mariadb+pymysql"])
def test_every_spelling_of_the_url_leads_there(mariadb_database_url: str, scheme: str) -> None:
    database = Database(f"{scheme}:{mariadb_database_url.partition(':')[2]}")
    assert database.is_reachable()
    assert database.dialect == dialects.MARIADB
    database.dispose()


def test_a_lost_connection_is_an_error_once_and_then_replaced(server: Database) -> None:
    own = {"mariadb": "SELECT CONNECTION_ID()", "postgresql": "SELECT pg_backend_pid()"}[server.dialect]
    kill = {"mariadb": "KILL {}", "postgresql": "SELECT pg_terminate_backend({})"}[server.dialect]
    killer = Database(server.url.render_as_string(hide_password=False))
    with server.engine.connect() as conn:
        victim = conn.exec_driver_sql(own).scalar_one()
    with killer.engine.connect() as conn:
        conn.exec_driver_sql(kill.format(victim))
    killer.dispose()
    with pytest.raises(sa.exc.OperationalError):
        server.write(lambda c: pools.set_pool(c, "x", slots=1, description=None))
    server.write(lambda c: pools.set_pool(c, "x", slots=1, description=None))
    with server.read() as conn:
        assert "x" in [each.name for each in pools.list_pools(conn)]


def test_a_process_holds_no_more_connections_than_it_was_given(server: Database) -> None:
    """Eight threads that all want a connection at the same time share the three there are."""
    capped = Database(server.url.render_as_string(hide_password=False), pool_size=3)
    start, done = threading.Barrier(8), []

    def work() -> None:
        start.wait(10)
        for number in range(5):
            capped.write(lambda c, number=number: pools.set_pool(c, f"p{number}", slots=1, description=None))  # type: ignore[misc]
            done.append(number)

    most = []
    sa.event.listen(capped.engine, "connect", lambda *_: most.append(1))
    for number in range(5):
        server.write(lambda c, number=number: pools.set_pool(c, f"p{number}", slots=1, description=None))  # type: ignore[misc]
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    capped.dispose()
    assert len(done) == 40
    assert len(most) <= 3


@pytest.mark.parametrize(
    ("dialect", "version", "is_too_old"),
    [
        ("mariadb", (10, 5, 29), True),
        ("mariadb", (10, 6, 0), False),
        ("mariadb", (11, 4), False),
        ("sqlite", (3, 40), False),
    ],
)
def test_a_mariadb_without_skip_locked_is_too_old(dialect: str, version: tuple[int, ...], is_too_old: bool) -> None:
    assert dialects.is_too_old(dialect, version) is is_too_old


@pytest.mark.mariadb
def test_the_server_that_tests_run_on_is_new_enough(mariadb_database_url: str) -> None:
    database = Database(mariadb_database_url)
    with database.read() as conn:
        version = conn.dialect.server_version_info
        assert version is not None
        assert not dialects.is_too_old(database.dialect, version)
    database.dispose()
