"""Fixtures for every distribution's tests: real databases, and a recorder of the statements that reach them."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import order
import psycopg
import pymysql
import pytest
import sqlalchemy as sa
from services import mariadb
from services.copies import Copies
from services.postgres import postgres_server
from tradewind.access import passwords
from tradewind.metadata import migrating, schema, tables
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import pools
from tradewind.metadata.tables import metadata
from werkzeug.security import generate_password_hash

pytest_plugins = ["distributions.selecting"]

NUMBERS = itertools.count(1)
USED = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in metadata.tables)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have long tests begin early; after the order was drawn."""
    items[:] = order.early(items, partial(_is, "long"), lambda item: item.path, partial(_is, "long_module"))


def _is(marker: str, item: pytest.Item) -> bool:
    return item.get_closest_marker(marker) is not None


def pytest_collection_finish() -> None:
    """Collect garbage less often, and leave thousands of tests out of it, which live until the end: it took a sixth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def home_of_the_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let what reads the configuration by itself find an empty folder, not that of the person who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRADEWIND_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes() -> Iterator[None]:
    """Let the hash of a password in this process cost little: it costs 50 ms on purpose, and tests make hundreds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "generate_password_hash", partial(generate_password_hash, method="scrypt:256:8:1"))
        yield


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """URL of a real PostgreSQL server, started once a session; `TRADEWIND_TEST_POSTGRES` names a running one instead."""
    running = os.environ.get("TRADEWIND_TEST_POSTGRES")
    if running:
        yield running
        return
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the migrated schema, to be copied."""
    path = tmp_path_factory.mktemp("template") / "tradewind.db"
    database = Database(f"sqlite:///{path}")
    migrating.migrate(database)
    database.dispose()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> str:
    """Name of a PostgreSQL database with the migrated schema, to be copied."""
    name = f"tradewind_template_{os.getpid()}"
    _postgres_do(postgres_url, f"CREATE DATABASE {name}")
    database = Database(_postgres_database(postgres_url, name))
    migrating.migrate(database)
    database.dispose()
    return name


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """URL of a fresh SQLite database with the schema."""
    path = tmp_path / "metadata" / "tradewind.db"
    path.parent.mkdir()
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_empty_url(postgres_url: str) -> Iterator[str]:
    """URL of a fresh, empty PostgreSQL database."""
    name = f"tradewind_test_{os.getpid()}_{next(NUMBERS)}"
    _postgres_do(postgres_url, f"CREATE DATABASE {name}")
    yield _postgres_database(postgres_url, name)
    _postgres_do(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres_copies(postgres_url: str, postgres_template: str) -> Copies:
    """Databases with the migrated schema on the PostgreSQL server."""
    return Copies(postgres_url, postgres_template, filled=tables.pool.name)


@pytest.fixture
def postgres_database_url(postgres_copies: Copies) -> Iterator[str]:
    """URL of a PostgreSQL database with the schema, as good as new."""
    url = postgres_copies.take()
    yield url
    postgres_copies.give_back(url)


@pytest.fixture(scope="session")
def no_certificates() -> Iterator[None]:
    """Let MariaDB's driver find no list of certificates: to read it for each connection takes ten times what connecting does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", os.devnull)
        yield


@pytest.fixture(scope="session")
def mariadb_url(no_certificates: None) -> Iterator[str]:
    """URL of a real MariaDB server, started once a session; `TRADEWIND_TEST_MARIADB` names a running one instead."""
    running = os.environ.get("TRADEWIND_TEST_MARIADB")
    if running:
        yield running
        return
    require("MariaDB", mariadb.is_installed(), mariadb.MISSING)
    with mariadb.mariadb_server() as url:
        yield url


@pytest.fixture
def mariadb_empty_url(mariadb_url: str) -> Iterator[str]:
    """URL of a fresh, empty MariaDB database."""
    name = f"tradewind_test_{os.getpid()}_{next(NUMBERS)}"
    _mariadb_do(mariadb_url, f"CREATE DATABASE {name} CHARACTER SET latin1")
    yield sa.make_url(mariadb_url).set(database=name).render_as_string(hide_password=False)
    _mariadb_do(mariadb_url, f"DROP DATABASE {name}")


@pytest.fixture(scope="session")
def mariadb_databases(mariadb_url: str) -> list[str]:
    """Names of MariaDB databases with the schema that no test uses now: making one takes longer than emptying it."""
    return []


@pytest.fixture
def mariadb_database_url(mariadb_url: str, mariadb_databases: list[str]) -> Iterator[str]:
    """URL of a MariaDB database with the schema, as good as new."""
    name = mariadb_databases.pop() if mariadb_databases else f"tradewind_test_{os.getpid()}_{next(NUMBERS)}"
    _mariadb_do(mariadb_url, f"CREATE DATABASE IF NOT EXISTS {name}")
    url = sa.make_url(mariadb_url).set(database=name).render_as_string(hide_password=False)
    database = Database(url)
    if schema.current_revision(database) == schema.REVISION:
        database.write(lambda connection: pools.ensure_default(connection, slots=migrating.DEFAULT_POOL_SLOTS))
    else:
        migrating.migrate(database)
    yield url
    with database.transaction() as connection:
        for used in connection.exec_driver_sql(USED).scalars().all():
            connection.execute(metadata.tables[used].delete())
        for strange in set(sa.inspect(connection).get_table_names()) - {*metadata.tables, "alembic_version"}:
            connection.exec_driver_sql(f"DROP TABLE {strange}")
    database.dispose()
    mariadb_databases.append(name)


def require(name: str, is_there: bool, missing: str) -> None:
    """Skip the test where a service is not installed; in CI, which installs all of them, fail."""
    if is_there:
        return
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


DATABASES = {
    "sqlite": "sqlite_url",
    "postgresql": "postgres_database_url",
    "mariadb": "mariadb_database_url",
}
SERVERS = [
    pytest.param("postgresql", marks=pytest.mark.postgres),
    pytest.param("mariadb", marks=pytest.mark.mariadb),
]


@pytest.fixture(params=["sqlite", *SERVERS])
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of a fresh database with the schema: the test runs on SQLite, on PostgreSQL and on MariaDB."""
    url: str = request.getfixturevalue(DATABASES[request.param])
    return url


@pytest.fixture(params=SERVERS)
def server_url(request: pytest.FixtureRequest) -> str:
    """URL of a fresh database with the schema on a server: the test runs on PostgreSQL and on MariaDB."""
    url: str = request.getfixturevalue(DATABASES[request.param])
    return url


@pytest.fixture
def database(database_url: str, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A fresh database with the schema, on SQLite, PostgreSQL and MariaDB.

    PostgreSQL as daemons open it, but where statements are counted: what goes past SQLAlchemy is not heard there.
    """
    database = Database(database_url, is_direct="statements" not in request.fixturenames)
    yield database
    database.dispose()


class Statements:
    """The statements that reached a database while the block ran, without BEGIN, COMMIT and PRAGMA."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    @contextmanager
    def recorded(self, database: Database) -> Iterator[Statements]:
        """Record what reaches `database` until the block ends; earlier records are dropped."""
        self.texts.clear()

        def note(_c: object, _cursor: object, text: str, _p: object, _ctx: object, _many: bool) -> None:
            if not text.startswith(("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA")):
                self.texts.append(text)

        sa.event.listen(database.engine, "before_cursor_execute", note)
        try:
            yield self
        finally:
            sa.event.remove(database.engine, "before_cursor_execute", note)

    def __len__(self) -> int:
        return len(self.texts)

    def assert_at_most(self, limit: int) -> None:
        """Fail, showing every statement, if there were more than `limit`."""
        shown = "\n".join(f"{number:3}. {text}" for number, text in enumerate(self.texts, 1))
        assert len(self.texts) <= limit, f"{len(self.texts)} statements, at most {limit} are budgeted:\n{shown}"


@pytest.fixture
def statements() -> Statements:
    """A recorder: `with statements.recorded(database): …; statements.assert_at_most(5)`."""
    return Statements()


def _mariadb_do(url: str, statement: str) -> None:
    to = sa.make_url(url)
    with pymysql.connect(
        host=to.host, port=to.port or 3306, user=to.username, password=to.password or ""
    ) as connection:
        connection.cursor().execute(statement)


def _postgres_do(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


def _postgres_database(url: str, name: str) -> str:
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)
