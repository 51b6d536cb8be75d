"""Who stands in the way of a migration: the sessions that hold what it waits for, as the database's server names them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from tradewind.metadata import dialects
from tradewind.metadata.engine import Database

LOOK_SECONDS = 0.2

_OWN = {dialects.POSTGRESQL: "SELECT pg_backend_pid()", dialects.MARIADB: "SELECT CONNECTION_ID()"}
_BLOCKING = {
    dialects.POSTGRESQL: sa.text(
        "SELECT pid, application_name, state, query, "
        "extract(epoch FROM clock_timestamp() - coalesce(xact_start, query_start)) AS seconds "
        "FROM pg_stat_activity WHERE pid = ANY(pg_blocking_pids(:own)) ORDER BY xact_start"
    ),
    # Who holds a table is not told by default: those with an open transaction are the ones that can
    dialects.MARIADB: sa.text(
        "SELECT p.ID AS pid, CONCAT(p.USER, '@', p.HOST) AS application_name, p.COMMAND AS state, "
        "coalesce(p.INFO, t.trx_query, '') AS query, timestampdiff(SECOND, t.trx_started, SYSDATE()) AS seconds "
        "FROM information_schema.INNODB_TRX t JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id "
        "WHERE p.ID <> :own AND p.DB = DATABASE() AND p.ID <> CONNECTION_ID() ORDER BY t.trx_started"
    ),
}
_END = {dialects.POSTGRESQL: "SELECT pg_terminate_backend({})", dialects.MARIADB: "KILL {}"}


@dataclass(frozen=True, slots=True)
class Blocker:
    """A session that another one waits for.

    Arguments:
        pid: its number on the server.
        name: its application_name; on MariaDB its user and address.
        state: what it does, such as `idle in transaction`.
        query: its last statement.
        seconds: how long its transaction has been open.
        end: the statement that ends it.
    """

    pid: int
    name: str
    state: str
    query: str
    seconds: float
    end: str


class Watch:
    """Looks who blocks a connection, from another one and in a thread of its own, until the block ends."""

    def __init__(self, database: Database, watched: sa.Connection) -> None:
        self.seen: Sequence[Blocker] = ()
        self._database = database
        self._watched = watched
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="blockers", daemon=True)
        self._own = 0

    def __enter__(self) -> Watch:
        """Begin to look."""
        if self._database.dialect in _OWN:
            self._own = self._watched.exec_driver_sql(_OWN[self._database.dialect]).scalar_one()
            self._watched.rollback()
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End looking."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _look(self) -> None:
        engine = sa.create_engine(self._database.url, poolclass=sa.NullPool)
        while not self._stop.wait(LOOK_SECONDS):
            try:
                with engine.connect() as connection:
                    found = self._blockers(connection)
            except DBAPIError:
                continue  # not allowed to look, or no connection left: the migration goes on without
            self.seen = found or self.seen

    def _blockers(self, connection: sa.Connection) -> list[Blocker]:
        dialect = self._database.dialect
        rows: Sequence[Any] = connection.execute(_BLOCKING[dialect], {"own": self._own}).all()
        return [
            Blocker(
                row.pid,
                row.application_name,
                row.state or "",
                row.query,
                float(row.seconds or 0),
                _END[dialect].format(row.pid),
            )
            for row in rows
        ]


def describe_blockers(blockers: Sequence[Blocker], waited: float) -> str:
    """Return the sentences for a migration that waited in vain."""
    again = "Nothing was changed by this step: run `tradewind db migrate` again."
    if not blockers:
        return f"A table was not to be had within {waited:g} s, as another session uses it. {again}"
    shown = "; ".join(
        f"session {each.pid} ({each.name or 'no name'}, {each.state}, its transaction open for {each.seconds:.0f} s), "
        f"last statement: {' '.join(each.query.split())[:200]!r}; to end it: {each.end}"
        for each in blockers
    )
    return f"A table was not to be had within {waited:g} s. It is held by {shown}. {again}"
