"""Making and migrating the schema with Alembic, for `db migrate`, `standalone` and tests.

Apart from `tradewind.metadata.schema`, which every process asks at its start: importing Alembic takes as long as SQLAlchemy.

A migration goes revision by revision, each in a transaction of its own (on MariaDB each change of a table ends one by itself).
A revision may have a function `backfill(connection, after, most)` beside `upgrade`. It is called first, a batch of rows in
each transaction, while the daemons go on; it returns the last row's key and the number of rows, and None when there were no
more. So the revision counts as applied only when every row was filled, and an interrupted migration goes on where it was.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError as AlembicError
from sqlalchemy.exc import DBAPIError

from tradewind.metadata import dialects
from tradewind.metadata.blockers import Watch, describe_blockers
from tradewind.metadata.engine import Database
from tradewind.metadata.schema import MigrationBlockedError, SchemaError, revision_of
from tradewind.metadata.statements import pools
from tradewind.metadata.tables import metadata

MIGRATIONS = Path(__file__).parent / "migrations"
DEFAULT_POOL_SLOTS = 128
LOCK_NUMBER = 7303015
LOCK_PATIENCE = 600  # seconds that a second migration waits for the first
LOCK_TIMEOUT = 5.0
BATCH = 5000
LOCK_LIMITS = {
    dialects.POSTGRESQL: "SET LOCAL lock_timeout = '{milliseconds}ms'",
    dialects.MARIADB: "SET SESSION lock_wait_timeout = {seconds}",
    dialects.SQLITE: "PRAGMA busy_timeout = {milliseconds}",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backfill is: its revision, and the rows done so far."""

    revision: str
    rows: int


Tell = Callable[[Progress], None]


def migrate(
    database: Database,
    *,
    target: str = "head",
    folder: Path = MIGRATIONS,
    lock_timeout: float = LOCK_TIMEOUT,
    tell: Tell = lambda _progress: None,
) -> str:
    """Bring the schema up to `target` and make sure that the default pool exists.

    Arguments:
        database: the metadata database; empty, or at an earlier revision.
        target: an Alembic revision; `head` is this release's.
        folder: where the migrations are.
        lock_timeout: seconds to wait for a table that another session uses, while all that comes after waits behind.
        tell: told after each batch of a backfill.
    Returns:
        the revision the database now has.
    Raises:
        MigrationBlockedError: a table was not to be had in time; what was migrated before stays.
        SchemaError: there is no such revision, or the database is at one that is not known here.
    """
    with alone(database):
        for script in _ahead(database, target, folder):
            _backfill(database, script, tell)
            settings = alembic_settings(folder)
            _change(database, lambda s=settings, r=script.revision: command.upgrade(s, r), settings, lock_timeout)  # type: ignore[misc]
        with database.engine.connect() as connection:
            found = revision_of(connection)
        if found:
            database.write(lambda conn: pools.ensure_default(conn, slots=DEFAULT_POOL_SLOTS))
        return found or ""


def downgrade(database: Database, *, target: str, folder: Path = MIGRATIONS, lock_timeout: float = LOCK_TIMEOUT) -> str:
    """Take the schema back to `target`; what the later revisions added is lost.

    Raises:
        MigrationBlockedError, SchemaError: see `migrate`.
    """
    settings = alembic_settings(folder)
    with alone(database):
        _change(database, lambda: command.downgrade(settings, target), settings, lock_timeout)
        with database.engine.connect() as connection:
            return revision_of(connection) or ""


def reset(database: Database) -> None:
    """Drop every table of ours."""
    with alone(database), database.transaction() as connection:
        metadata.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")


def sql(database: Database, *, start: str, target: str, down: bool = False, folder: Path = MIGRATIONS) -> str:
    """Return the SQL that brings a schema from one revision to another, in the database's dialect; it is not asked.

    Arguments:
        start: the revision it is at; `base` for an empty one.
        target: the revision to bring it to.
        down: back, not forward.
    Raises:
        SchemaError: there is no such revision.
    """
    settings, text = alembic_settings(folder), io.StringIO()
    settings.attributes["dialect"] = database.engine.dialect
    settings.output_buffer = text
    with _named_revisions():
        (command.downgrade if down else command.upgrade)(settings, f"{start}:{target}", sql=True)
    return text.getvalue()


def alembic_settings(folder: Path = MIGRATIONS) -> AlembicConfig:
    """Return Alembic's configuration: our migrations, no ini file."""
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(MIGRATIONS))
    settings.set_main_option("version_locations", str(folder / "versions"))
    settings.set_main_option("path_separator", "os")
    return settings


def _ahead(database: Database, target: str, folder: Path) -> list[Script]:
    """Return the revisions between the database's and the target, the next one first."""
    scripts = ScriptDirectory.from_config(alembic_settings(folder))
    with database.engine.connect() as connection:
        version = connection.dialect.server_version_info
        if dialects.is_too_old(database.dialect, version):
            raise SchemaError(f"MariaDB {'.'.join(map(str, version or ()))} is too old: Tradewind needs 10.6 or newer.")
        found = revision_of(connection)
    with _named_revisions():
        return list(reversed(list(scripts.iterate_revisions(target, found or "base"))))


def _backfill(database: Database, script: Script, tell: Tell) -> None:
    batch = getattr(script.module, "backfill", None)
    if batch is None:
        return
    after, rows = None, 0
    while (done := _fill(database, batch, after)) is not None:
        after, count = done
        rows += count
        tell(Progress(script.revision, rows))


def _fill(database: Database, batch: Callable[..., Any], after: Any) -> Any:
    return database.write(lambda connection: batch(connection, after, BATCH))


def _change(database: Database, change: Callable[[], None], settings: AlembicConfig, lock_timeout: float) -> None:
    with database.engine.connect() as connection, Watch(database, connection) as watch, _named_revisions():
        if database.dialect == dialects.SQLITE:
            connection.execution_options(tradewind_immediate=True)
        settings.attributes["connection"] = connection
        try:
            with connection.begin():
                _limit_waiting(connection, lock_timeout)
                change()
        except DBAPIError as error:
            if not dialects.is_lock_timeout(error):
                raise
            raise MigrationBlockedError(describe_blockers(watch.seen, lock_timeout)) from error


def _limit_waiting(connection: sa.Connection, seconds: float) -> None:
    text = LOCK_LIMITS[connection.dialect.name]
    connection.exec_driver_sql(text.format(milliseconds=int(seconds * 1000), seconds=max(1, round(seconds))))


@contextmanager
def _named_revisions() -> Iterator[None]:
    try:
        yield
    except (AlembicError, RevisionError) as error:
        raise SchemaError(f"This release cannot migrate that: {error}.") from error


@contextmanager
def alone(database: Database) -> Iterator[None]:
    """Keep other migrations out until the block ends: of two at once the second waits, then finds nothing to do.

    The lock has a connection of its own, as the migration ends several transactions. SQLite has one writer anyway.
    """
    lock: dict[str, Any] = {
        dialects.POSTGRESQL: f"SELECT pg_advisory_xact_lock({LOCK_NUMBER})",
        dialects.MARIADB: f"SELECT GET_LOCK(CONCAT('tradewind ', DATABASE()), {LOCK_PATIENCE})",
    }
    if database.dialect not in lock:
        yield
        return
    # Not of the pool, which may be of one connection
    engine = sa.create_engine(database.url, poolclass=sa.NullPool)
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(lock[database.dialect])
        yield
        if database.dialect == dialects.MARIADB:
            connection.exec_driver_sql("SELECT RELEASE_LOCK(CONCAT('tradewind ', DATABASE()))")
