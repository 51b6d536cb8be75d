"""The engine and its transactions.

Every writing transaction goes through `Database.write`, which on SQLite begins with `BEGIN IMMEDIATE` (a reader that
turns into a writer in mid-transaction could only fail there) and which repeats a whole transaction that met a deadlock or a
serialization failure.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from tradewind.config.sections import DatabaseSection
from tradewind.metadata import dialects
from tradewind.metadata.file_systems import require_local
from tradewind.metadata.patience import Patience, patient_connect
from tradewind.metadata.wire import direct
from tradewind.metrics.catalogue import RETRIES
from tradewind.metrics.recording import count, held

log = logging.getLogger(__name__)
Result = TypeVar("Result")

ATTEMPTS = 8
PLAIN_NAMES = frozenset({*dialects.DRIVERS, "mysql+pymysql"}) - {dialects.SQLITE}
# Instants are computed in UTC. Strict: a text that is too long is an error, as elsewhere, and not cut off. Ten seconds
# are longer than any transaction of ours takes: who waited so long for a row repeats his own.
MARIADB_ARGUMENTS: dict[str, Any] = {
    "init_command": "SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', "
    "innodb_lock_wait_timeout = 10",
    "charset": "utf8mb4",
    "connect_timeout": 10,
}
SET = "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS setting (name, value)"


def is_key_collision(error: DBAPIError) -> bool:
    """Tell whether `error` may be two processes having drawn the same id: worth one more try with new ids."""
    return isinstance(error, IntegrityError)


class Database:
    """One metadata database: an engine, its transactions, and who is told of each statement.

    Arguments:
        url: SQLAlchemy URL; `postgresql://` means psycopg 3, `mysql://` and `mariadb://` a MariaDB by PyMySQL.
        pool_size: connections this process may hold at most.
        prepared_statements: let PostgreSQL keep the plans of repeated statements; not behind a pooler that hands each
            transaction another session.
        listened: hooks of state changes that somebody implements, decided when the process starts: transactions keep
            their events in the outbox. None costs nothing.
        is_direct: send the hot statements of PostgreSQL past SQLAlchemy (`metadata/hot.py`).
        patience: how long a daemon waits for the server; None, which is for people's commands, waits without end.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 5,
        prepared_statements: bool = True,
        listened: Collection[str] = (),
        is_direct: bool = False,
        patience: Patience | None = None,
    ) -> None:
        self.patience = patience
        self.url = sa.make_url(url)
        if self.url.drivername in PLAIN_NAMES:
            self.url = self.url.set(drivername=dialects.DRIVERS[self.url.get_backend_name()][0])
        engine = _engine(self.url, pool_size, prepared_statements, patience)
        if is_direct and self.url.get_backend_name() == dialects.POSTGRESQL:
            engine = direct(engine)
        self.engine = engine.execution_options(tradewind_listened=frozenset(listened)) if listened else engine

    @property
    def dialect(self) -> str:
        """Name of the SQL dialect: `sqlite`, `postgresql` or `mariadb`."""
        return self.engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Yield a connection for reading; what it sees is one snapshot on SQLite, one statement each elsewhere."""
        with self.engine.connect() as connection:
            yield connection

    def write(self, work: Callable[[sa.Connection], Result], *, collisions: bool = False) -> Result:
        """Run `work` in one writing transaction and return its result, repeating it on deadlock or lost serialization.

        Arguments:
            work: does everything through the connection it is given; may be called more than once.
            collisions: also repeat on a key collision, once, for work that draws its ids inside.
        Raises:
            sqlalchemy.exc.DBAPIError: when the last of 8 attempts failed, or at once for any other database error.
        """
        collisions_left = int(collisions)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with held(), self.transaction() as connection:
                    return work(connection)
            except DBAPIError as error:
                is_collision = is_key_collision(error)
                again = dialects.is_transient(error) or (is_collision and collisions_left > 0)
                if attempt == ATTEMPTS or not again:
                    raise
                collisions_left -= is_collision
                count(RETRIES)
                log.info("transaction repeated after %s (attempt %d)", type(error.orig).__name__, attempt)
        raise AssertionError("unreachable: the last attempt returns or raises")

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Yield a connection inside one writing transaction, committed at the end, rolled back on any exception."""
        with self.engine.connect() as connection:
            if self.dialect == dialects.SQLITE:
                connection.execution_options(tradewind_immediate=True)
            with connection.begin():
                yield connection

    def dispose(self) -> None:
        """Close all pooled connections; call it before a fork that keeps this object, and at the end."""
        self.engine.dispose()

    def connect_ahead(self) -> None:
        """Open a connection for who asks next, where there is time for it now; an outage is left for him to find."""
        with contextlib.suppress(DBAPIError), self.engine.connect():
            pass

    def is_reachable(self) -> bool:
        """Tell whether a statement gets through at this moment."""
        try:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("SELECT 1")
        except OperationalError:
            return False
        return True


def open_database(
    section: DatabaseSection,
    *,
    pool_size: int | None = None,
    listened: Collection[str] = (),
    patience: Patience | None = None,
) -> Database:
    """Return the database of the configuration; nothing connects to it yet.

    Arguments:
        pool_size: connections kept at most; by default the configuration's.
        listened, patience: see `Database`.
    """
    return Database(
        section.url,
        pool_size=pool_size or section.pool_size,
        prepared_statements=section.prepared_statements,
        listened=listened,
        is_direct=True,
        patience=patience,
    )


def _engine(url: sa.URL, pool_size: int, prepared_statements: bool, patience: Patience | None) -> sa.Engine:
    if url.get_backend_name() == dialects.SQLITE:
        return _sqlite_engine(url)
    arguments = _postgres_arguments(prepared_statements)
    if url.get_backend_name() == dialects.MARIADB:
        arguments = MARIADB_ARGUMENTS | {"program_name": application_name()}
        if patience is not None:
            arguments |= patience.mariadb_arguments()
            arguments["init_command"] += patience.mariadb_settings()
    # No overflow: a limit that is passed under load is none, and it is then that the server runs out of connections
    engine = sa.create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_size=pool_size,
        max_overflow=0,
        connect_args=arguments,
        hide_parameters=True,  # an error is logged with its statement, and values may be secrets
    )
    if patience is not None and url.get_backend_name() != dialects.MARIADB:
        _connect_patiently(engine, patience, is_session_ours=prepared_statements)
    return engine


def _connect_patiently(engine: sa.Engine, patience: Patience, *, is_session_ours: bool) -> None:
    """Have an engine for PostgreSQL connect with limits.

    Arguments:
        is_session_ours: whether the server's session is one with the connection; behind a pooler it is not, and settings
            would be somebody else's.
    """

    @sa.event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, words: list[Any], arguments: dict[str, Any]) -> Any:
        made = patient_connect(*words, answer=patience.answer, **{**arguments, **patience.postgres_arguments()})
        if is_session_ours:
            settings = patience.postgres_settings(made.info.server_version)
            values = [list(settings), list(settings.values())]
            made.execute(SET, values, prepare=False)
            made.commit()
        return made


def _postgres_arguments(prepared_statements: bool) -> dict[str, Any]:
    # A statement is prepared when it comes for the second time: the hot ones are the same for ever
    return {"prepare_threshold": 1 if prepared_statements else None, "application_name": application_name()}


def application_name() -> str:
    """Return by which name the database's administrator sees this process: `tradewind scheduler`, `tradewind worker` …"""
    program, *words = sys.argv
    of_command_line = Path(program).stem in {"tradewind", "__main__"}
    name = next(iter(words), "") if of_command_line else Path(program).stem
    return f"tradewind {name}".strip()[:60] if not name.startswith("-") else "tradewind"


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    if url.database and url.database != ":memory:":
        require_local(Path(url.database))
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": 30, "check_same_thread": False}, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def configure(dbapi_connection: Any, _record: Any) -> None:
        # The driver must not begin transactions by itself: `begin` below does, with the mode that is asked for.
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA busy_timeout=30000")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        immediate = connection.get_execution_options().get("tradewind_immediate", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine
