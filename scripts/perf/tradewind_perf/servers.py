"""Database servers of the kit's own, with commits that reach the disk; one server a run, a fresh database a stage."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
import pymysql
import sqlalchemy as sa
from services.mariadb import mariadb_server
from services.postgres import postgres_server
from tradewind.metadata import migrating
from tradewind.metadata.engine import Database

POSTGRESQL, MARIADB, SQLITE = "postgresql", "mariadb", "sqlite"
KINDS = (SQLITE, POSTGRESQL, MARIADB)
ROLES = ("scheduler", "processor", "worker", "webserver", "triggerer")
TEMPLATE = "perf_template"


@dataclass(frozen=True)
class Store:
    """A migrated, empty database.

    Arguments:
        kind: one of `KINDS`.
        url: as its owner reaches it.
        server: the process that serves it, None for a file.
    """

    kind: str
    url: str
    server: int | None

    def url_for(self, role: str) -> str:
        """Return the URL under which a daemon logs in, so that its statements can be told from others'."""
        return self.url.replace("//postgres@", f"//{role}@") if self.kind == POSTGRESQL else self.url


@dataclass
class Servers:
    """The servers that were needed so far; close it to end them."""

    _stack: ExitStack = field(default_factory=ExitStack)
    _urls: dict[str, str] = field(default_factory=dict)
    _pids: dict[str, int] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def store(self, kind: str) -> Store:
        """Return a fresh database; its server is started the first time."""
        if kind == SQLITE:
            folder = Path(tempfile.mkdtemp(prefix="tradewind-perf-store-"))
            self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
            return _migrated(Store(kind, f"sqlite:///{folder}/perf.db", None))
        if kind not in self._urls:
            self._start(kind)
        name = f"perf_{next(self._numbers)}"
        url = str(sa.make_url(self._urls[kind]).set(database=name))
        if kind == POSTGRESQL:
            with psycopg.connect(self._urls[kind], autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}".encode())
            return Store(kind, url, self._pids[kind])
        _mariadb_execute(self._urls[kind], f"CREATE DATABASE {name}")
        return _migrated(Store(kind, url, self._pids[kind]))

    def url(self, kind: str) -> str:
        """Return the URL of the server's own database, as its owner."""
        if kind not in self._urls:
            self._start(kind)
        return self._urls[kind]

    def pid(self, kind: str) -> int | None:
        """Return the process of a started server, None where there is none."""
        return self._pids.get(kind)

    def version(self, kind: str) -> str:
        """Return the server's name and version, as far as it was started."""
        if kind == POSTGRESQL and kind in self._urls:
            with psycopg.connect(self._urls[kind]) as connection:
                number = connection.info.server_version
            return f"PostgreSQL {number // 10000}.{number % 10000}, fsync on"
        if kind == MARIADB and kind in self._urls:
            return "MariaDB " + str(_mariadb_execute(self._urls[kind], "SELECT version()"))
        return "SQLite"

    def close(self) -> None:
        """End all servers and remove their data."""
        self._stack.close()

    def _start(self, kind: str) -> None:
        if kind == POSTGRESQL:
            url = self._urls[kind] = self._stack.enter_context(postgres_server(fsync=True))
            self._pids[kind] = _prepare_postgres(url)
            return
        url = self._urls[kind] = self._stack.enter_context(mariadb_server(durable=True))
        self._pids[kind] = int(Path(str(_mariadb_execute(url, "SELECT @@pid_file"))).read_text())


def _prepare_postgres(url: str) -> int:
    """Make the daemons' roles and the template of all stages; return the server's process."""
    with psycopg.connect(url, autocommit=True) as connection:
        for role in ROLES:
            connection.execute(f"CREATE ROLE {role} SUPERUSER LOGIN".encode())
        connection.execute(f"CREATE DATABASE {TEMPLATE}".encode())
    template = str(sa.make_url(url).set(database=TEMPLATE))
    _migrated(Store(POSTGRESQL, template, None))
    with psycopg.connect(template, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
        return int(psutil.Process(connection.info.backend_pid).ppid())


def _migrated(store: Store) -> Store:
    database = Database(store.url)
    try:
        migrating.migrate(database)
    finally:
        database.dispose()
    return store


def _mariadb_execute(url: str, statement: str) -> object:
    target = sa.make_url(url)
    connection = pymysql.connect(host=target.host, port=target.port or 3306, user=target.username, autocommit=True)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone()
    finally:
        connection.close()
    return row[0] if row else None
