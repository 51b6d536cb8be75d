"""Migrations while others work: filled in batches, stopped by a lock with its holder named, going on where they were."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from tradewind.metadata import dialects, migrating, schema
from tradewind.metadata.engine import Database
from tradewind.metadata.migrating import MigrationBlockedError
from tradewind.metadata.tables import task_instance

TESTS = Path(__file__).parent / "expanding"
ROWS = 1000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Our migrations, and behind them three that expand, fill and contract."""
    versions = tmp_path / "migrations" / "versions"
    shutil.copytree(migrating.MIGRATIONS / "versions", versions, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (TESTS / "versions").glob("*.py"):
        shutil.copy(path, versions)
    return versions.parent


@pytest.fixture
def filled(database: Database, folder: Path):
    """A database with rows to fill; taken back to our own schema at the end."""
    with database.transaction() as conn:
        conn.execute(task_instance.insert(), [row(number) for number in range(ROWS)])
    yield database
    with database.engine.connect() as conn:
        found = schema.revision_of(conn)
    if found != schema.REVISION:
        migrating.downgrade(database, target=schema.REVISION, folder=folder)


def row(number: int) -> dict[str, object]:
    """A task instance, as the release before writes it."""
    common = {"run": number, "dag_id": "d", "task_id": f"t{number}", "rank": 0, "state": "success", "max_tries": 0}
    return common | {"id": number, "priority": 1, "pool": "p", "pool_slots": 1, "executor": "e", "queue": "q"}


def notes(database: Database) -> list[str | None]:
    """Return what was filled, in the order of the rows."""
    with database.read() as conn:
        return list(conn.execute(sa.text("SELECT note FROM task_instance ORDER BY id")).scalars())


def test_expand_fill_and_contract(filled: Database, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrating, "BATCH", 300)
    told: list[migrating.Progress] = []
    assert migrating.migrate(filled, target="t002", folder=folder, tell=told.append) == "t002"
    assert [(each.revision, each.rows) for each in told] == [
        ("t002", 300),
        ("t002", 600),
        ("t002", 900),
        ("t002", 1000),
    ]
    assert notes(filled) == [f"t{number}" for number in range(ROWS)]
    with filled.transaction() as conn:  # the release before writes on
        conn.execute(task_instance.insert(), row(ROWS))
    assert notes(filled)[-1] is None
    assert migrating.downgrade(filled, target="t001", folder=folder) == "t001"
    assert migrating.migrate(filled, target="t003", folder=folder, tell=told.append) == "t003"
    assert told[-1] == migrating.Progress("t002", 1), "what was filled before is not filled again"
    assert notes(filled)[-1] == f"t{ROWS}"


def test_an_interrupted_fill_goes_on_where_it_was(filled: Database, folder: Path, monkeypatch) -> None:
    monkeypatch.setattr(migrating, "BATCH", 400)

    def interrupt(_progress: migrating.Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        migrating.migrate(filled, target="t003", folder=folder, tell=interrupt)
    assert schema.current_revision(filled) == "t001", "not applied before all is filled"
    assert notes(filled).count(None) == ROWS - 400
    told: list[int] = []
    assert migrating.migrate(filled, target="t003", folder=folder, tell=lambda each: told.append(each.rows)) == "t003"
    assert told[-1] == ROWS - 400
    assert None not in notes(filled)


def test_a_table_in_use_stops_the_step_with_its_user_named_and_the_user_goes_on(server_url: str, folder: Path) -> None:
    database = Database(server_url)
    with database.transaction() as busy:
        busy.execute(task_instance.insert(), row(1))
        own = {"postgresql": "SELECT pg_backend_pid()", "mariadb": "SELECT CONNECTION_ID()"}[database.dialect]
        session = busy.exec_driver_sql(own).scalar_one()
        with pytest.raises(MigrationBlockedError) as error:
            migrating.migrate(database, target="t001", folder=folder, lock_timeout=1.0)
        assert f"session {session} (" in str(error.value)
        assert {"postgresql": "pg_terminate_backend", "mariadb": "KILL"}[database.dialect] in str(error.value)
        assert "its transaction open for" in str(error.value)
        if database.dialect == dialects.POSTGRESQL:
            assert "(tradewind" in str(error.value), "by its application_name"
            assert "idle in transaction" in str(error.value)
        busy.execute(task_instance.insert(), row(2))
    assert schema.current_revision(database) == schema.REVISION
    assert migrating.migrate(database, target="t001", folder=folder) == "t001"
    assert notes(database) == [None, None]
    migrating.downgrade(database, target=schema.REVISION, folder=folder)
    database.dispose()


def test_a_writer_waits_behind_a_blocked_step_no_longer_than_its_limit(server_url: str, folder: Path) -> None:
    """A waiting change of a table makes everybody wait behind it: the limit ends it, and the writer gets through."""
    database = Database(server_url)
    wrote = threading.Event()

    def write() -> None:
        database.write(lambda conn: conn.execute(task_instance.insert(), row(7)))
        wrote.set()

    with database.engine.connect() as reader, reader.begin():
        reader.execute(sa.select(task_instance.c.id)).all()
        failed: list[MigrationBlockedError] = []

        def migrate() -> None:
            try:
                migrating.migrate(database, target="t001", folder=folder, lock_timeout=1.0)
            except MigrationBlockedError as error:
                failed.append(error)

        threads = [threading.Thread(target=migrate), threading.Thread(target=write)]
        for thread in threads:
            thread.start()
        threads[0].join(20)
        assert len(failed) == 1
        assert wrote.wait(20), "while the reader still reads"
        threads[1].join(20)
    assert migrating.migrate(database, target="t001", folder=folder) == "t001"
    migrating.downgrade(database, target=schema.REVISION, folder=folder)
    database.dispose()


@pytest.mark.postgres
@pytest.mark.mariadb
def test_two_that_migrate_at_once_both_succeed(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_empty_url: str, mariadb_empty_url: str
) -> None:
    for url in (f"sqlite:///{tmp_path}/both.db", postgres_empty_url, mariadb_empty_url):
        results: list[str] = []

        def migrate(url: str = url, results: list[str] = results) -> None:
            database = Database(url)
            results.append(migrating.migrate(database))
            database.dispose()

        threads = [threading.Thread(target=migrate) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert results == [schema.REVISION] * 3, url
