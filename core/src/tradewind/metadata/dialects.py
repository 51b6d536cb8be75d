"""Where SQLite, PostgreSQL and MariaDB differ: every difference that a statement or a table has to know, in one place.

What they have in common needs nothing here: SQLAlchemy writes each one's form. What is here:

- the database's own clock, and its type for text of any length;
- inserting what may be there already;
- on MariaDB the table's character set, and the indexes that are partial elsewhere;
- which errors mean "repeat the transaction", and which "the lock was not to be had in time".

Row locks differ without being written differently. `FOR KEY SHARE` is `LOCK IN SHARE MODE` on MariaDB, and `OF` has no form
there: a locking read locks the rows of every table in its own FROM, but none of a subquery. So a statement that locks rows
of one table names that one alone and reads the others in subqueries, everywhere. MariaDB locks in the order of the index it
reads by, not in that of ORDER BY, so that deadlocks are more frequent there; a repeated transaction is the cure.
"""

from __future__ import annotations

import importlib
import sqlite3
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex, CreateTable

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
MARIADB = "mariadb"

DRIVERS = {
    "sqlite": ("sqlite", None),
    "postgres": ("postgresql+psycopg", "postgres"),
    "postgresql": ("postgresql+psycopg", "postgres"),
    "mysql": ("mariadb+pymysql", "mysql"),
    "mariadb": ("mariadb+pymysql", "mysql"),
}
"""By the beginning of a URL: the driver that is used, and the extra of the distribution that installs it."""

OLDEST_MARIADB = (10, 6)
"""SKIP LOCKED came with it."""


def is_too_old(dialect: str, version: Sequence[int | str] | None) -> bool:
    """Tell whether a server of this version lacks what statements need."""
    numbers = tuple(part for part in version or () if isinstance(part, int))
    return dialect == MARIADB and bool(numbers) and numbers < OLDEST_MARIADB


# --- Which errors mean what -----------------------------------------------------------------------------------------

# 40001 serialization failure, 40P01 deadlock; 1213 and 1205 are MariaDB's numbers for deadlock and lock wait time-out.
REPEATED_SQLSTATES = frozenset({"40001", "40P01"})
REPEATED_ERRNOS = frozenset({1213, 1205})
LOCK_NOT_AVAILABLE = "55P03"
LOCK_WAIT_TIMEOUT = 1205


def is_transient(error: DBAPIError) -> bool:
    """Tell whether repeating the whole transaction is the cure for `error`."""
    original: Any = error.orig
    if isinstance(original, sqlite3.OperationalError):
        return "database is locked" in str(original)
    return getattr(original, "sqlstate", None) in REPEATED_SQLSTATES or _errno(original) in REPEATED_ERRNOS


def is_lock_timeout(error: DBAPIError) -> bool:
    """Tell whether a lock was not to be had within the time that was set for it."""
    original: Any = error.orig
    if isinstance(original, sqlite3.OperationalError):
        return "database is locked" in str(original)
    return getattr(original, "sqlstate", None) == LOCK_NOT_AVAILABLE or _errno(original) == LOCK_WAIT_TIMEOUT


def _errno(original: Any) -> Any:
    args: tuple[Any, ...] = getattr(original, "args", ())
    return args[0] if args else None


# --- Inserting what may be there already ----------------------------------------------------------------------------


def insert_or_keep(dialect: str, table: sa.Table) -> sa.Insert:
    """Return an insert that leaves rows alone that are there already."""
    if dialect == MARIADB:
        return sa.insert(table).prefix_with("IGNORE")
    insert: sa.Insert = _insert(dialect, table).on_conflict_do_nothing()
    return insert


def insert_or_lock(dialect: str, table: sa.Table, keys: Sequence[str]) -> sa.Insert:
    """Return an insert that locks rows which are there already, and changes nothing of them.

    Arguments:
        keys: columns of the key by which a row is there already.
    """
    if dialect == SQLITE:
        return insert_or_keep(dialect, table)  # one writer at a time: there is nothing to lock
    return insert_or_change(dialect, table, keys, keys)


def insert_or_change(dialect: str, table: sa.Table, keys: Sequence[str], values: Sequence[str]) -> sa.Insert:
    """Return an insert that gives rows which are there already the new values.

    Arguments:
        keys: columns of the key by which a row is there already.
        values: columns that are changed then.
    """
    insert = _insert(dialect, table)
    new = {name: (insert.inserted if dialect == MARIADB else insert.excluded)[name] for name in values}
    changing: sa.Insert = (
        insert.on_duplicate_key_update(new)
        if dialect == MARIADB
        else insert.on_conflict_do_update(index_elements=list(keys), set_=new)
    )
    return changing


def _insert(dialect: str, table: sa.Table) -> Any:
    """Return the dialect's own insert; its package is imported only by a process that talks to such a database."""
    package: Any = importlib.import_module(f"sqlalchemy.dialects.{'mysql' if dialect == MARIADB else dialect}")
    return package.insert(table)


# --- The clock ------------------------------------------------------------------------------------------------------


class current_instant(sa.sql.functions.FunctionElement[Any]):  # noqa: N801  (an SQL function, named as SQL names them)
    """The database's clock at this statement (not the transaction's start, which is stale after a lock wait): integer
    microseconds since 1970, UTC."""

    type = sa.BigInteger()
    inherit_cache = True


@compiles(current_instant, POSTGRESQL)
def _clock_of_postgresql(_element: Any, _compiler: Any, **_kw: Any) -> str:
    return "(extract(epoch from clock_timestamp()) * 1000000)::bigint"


@compiles(current_instant, SQLITE)
def _clock_of_sqlite(_element: Any, _compiler: Any, **_kw: Any) -> str:
    # julianday has a resolution of about 50 microseconds, enough for leases of seconds
    return "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"


@compiles(current_instant, MARIADB)
def _clock_of_mariadb(_element: Any, _compiler: Any, **_kw: Any) -> str:
    # Sessions are in UTC (see the engine), or an hour would come twice when the clocks go back
    return "CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)"


# --- Tables on MariaDB ----------------------------------------------------------------------------------------------

# Ids compare by their bytes, as on the others: neither case, nor accents, nor a blank at the end are ignored.
TABLE_OPTIONS = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin"

# There are no partial indexes: the column of their condition goes in front instead. A key has 3072 bytes at most, three
# names of 250 characters of 4 bytes, so that one index leaves out its last column.
INDEXES = {
    "ix_task_instance_occupying": "state, pool, dag_id",
    "ix_task_instance_worker": "worker, state",
    "ix_dag_run_unfinished": "state, dag_id",
}


@compiles(CreateTable, MARIADB)
def _create_table(element: CreateTable, compiler: Any, **kw: Any) -> str:
    text: str = compiler.visit_create_table(element, **kw)
    head, comment, tail = text.rstrip().rpartition(")COMMENT=")
    return f"{head}) {TABLE_OPTIONS} COMMENT={tail}\n\n" if comment else f"{text.rstrip()} {TABLE_OPTIONS}\n\n"


@compiles(CreateIndex, MARIADB)
def _create_index(element: CreateIndex, compiler: Any, **kw: Any) -> str:
    name = str(element.element.name)
    if name in INDEXES:
        table = compiler.preparer.format_table(element.element.table)
        return f"CREATE INDEX {name} ON {table} ({INDEXES[name]})"
    text: str = compiler.visit_create_index(element, **kw)
    return text


@compiles(sa.Text, MARIADB)
def _text(_element: Any, _compiler: Any, **_kw: Any) -> str:
    # TEXT and BLOB end at 64 KiB: too little for the configuration of a run, a variable, or a traceback
    return "LONGTEXT"


@compiles(sa.LargeBinary, MARIADB)
def _binary(_element: Any, _compiler: Any, **_kw: Any) -> str:
    return "LONGBLOB"
