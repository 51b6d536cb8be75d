"""The copy in memory: a SQLite connection that fetches, before each statement, the rows of the tables which that one reads.

Every way to a statement ends in a cursor's `execute`, so it is there that rows are fetched and writes are refused. SQLite
itself says which tables a statement reads, and through how many cursors. Nothing is kept for the next statement: whoever
waits for a state to change sees it change.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timezone
from types import MappingProxyType
from typing import Any, Final

from tradewind_airflow_names.metadata.columns import stored
from tradewind_airflow_names.metadata.errors import MetadataViewError, read_only
from tradewind_airflow_names.metadata.narrowing import Wanted

Narrowed = Mapping[str, Wanted]
"""By table what its rows must be like to matter."""
Load = Callable[[str, Wanted, Collection[str]], Iterable[Sequence[Any]]]
"""Returns rows of a table in the order of its columns, of which only some are read."""

_READS: Final = frozenset(
    (
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_SAVEPOINT,
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_TRANSACTION,
    )
)
_WRITES: Final = {
    sqlite3.SQLITE_DELETE: "delete from",
    sqlite3.SQLITE_INSERT: "insert into",
    sqlite3.SQLITE_UPDATE: "update",
    sqlite3.SQLITE_CREATE_INDEX: "create an index on",
    sqlite3.SQLITE_CREATE_TABLE: "create table",
    sqlite3.SQLITE_DROP_TABLE: "drop table",
    sqlite3.SQLITE_ALTER_TABLE: "alter table",
}
_LOOKS: Final = frozenset(
    ("foreign_key_list", "index_info", "index_list", "index_xinfo", "read_uncommitted", "table_info", "table_list")
    + ("table_xinfo",)
)
_SCHEMA: Final = re.compile(r"('(?:[^']|'')*')|\b(?:public|airflow)\.", re.IGNORECASE)
_MISSING: Final = re.compile(r"no such table: (?:\w+\.)?(\w+)")


class Copy(sqlite3.Connection):
    """A connection with the tables of the view, all empty until a statement reads them.

    Arguments:
        tables: for each table its columns, in order.
        load: fetches rows.
    """

    def __init__(self, tables: Mapping[str, Mapping[str, str]], load: Load) -> None:
        super().__init__(":memory:", isolation_level=None, check_same_thread=False, cached_statements=0)
        self._tables = tables
        self._load = load
        self._read: dict[str, set[str]] = {}
        self._refused: tuple[str, str] | None = None
        self._is_filling = False
        self.create_function("now", 0, lambda: stored(datetime.now(timezone.utc)))
        # Without a key: an index would be a second cursor on its table
        for name, columns in tables.items():
            self._run(
                f"CREATE TABLE {_quoted(name)} ({', '.join(f'{_quoted(c)} {kind}' for c, kind in columns.items())})"
            )
        roots = self._run("SELECT rootpage, name FROM sqlite_master")
        self._roots: dict[int, str] = dict(roots)
        self.set_authorizer(self._judge)

    def cursor(self, factory: Any = None) -> Any:
        """See `sqlite3.Connection`."""
        return super().cursor(CopyCursor)

    def prepare(self, text: str, parameters: Any, narrowed: Narrowed) -> None:
        """Fetch what a statement reads.

        Raises:
            MetadataReadOnly: it writes.
            MetadataViewError: it is none that this copy can answer.
        """
        cursors = self._cursors(text, parameters)
        read = sorted(self._read & self._tables.keys())
        # One that is read through two cursors is narrowed in one of them only
        wanted = {name: narrowed[name] for name in read if name in narrowed and cursors[name] == 1}
        loaded = {name: list(self._load(name, wanted.get(name, Wanted()), self._read[name])) for name in read}
        self._is_filling = True
        try:
            for name, rows in loaded.items():
                self._fill(name, rows)
        finally:
            self._is_filling = False

    def _cursors(self, text: str, parameters: Any) -> Counter[str]:
        self._read.clear()
        self._refused = None
        try:
            program = self._run(f"EXPLAIN {text}", parameters)
        except sqlite3.Error as error:
            explained = self._explained(error)
            if explained is None:
                raise
            raise explained from error
        opened = [each for each in program if each[1] == "OpenRead" and each[4] == 0]
        return Counter(self._roots.get(each[3], "") for each in opened)

    def _explained(self, error: sqlite3.Error) -> Exception | None:
        if self._refused is not None:
            return read_only(*self._refused)
        missing = _MISSING.search(str(error))
        if missing is not None:
            return MetadataViewError(
                f"there is no table {missing[1]!r} in the view that DAG code has of Tradewind's database; there are "
                f"{', '.join(sorted(self._tables))}. Reach a database of your own through a connection and its hook"
            )
        if isinstance(error, sqlite3.OperationalError):
            return MetadataViewError(
                f"this statement cannot be answered: {error}. The view that DAG code has of Tradewind's database "
                "understands SQLite's SQL; write it with the models of airflow.models"
            )
        return None

    def _fill(self, name: str, rows: list[Sequence[Any]]) -> None:
        self._run(f"DELETE FROM {_quoted(name)}")
        if rows:
            places = ", ".join("?" * len(self._tables[name]))
            sqlite3.Connection.cursor(self).executemany(f"INSERT INTO {_quoted(name)} VALUES ({places})", rows)

    def _run(self, text: str, parameters: Any = ()) -> list[Any]:
        return sqlite3.Connection.cursor(self).execute(text, parameters).fetchall()

    def _judge(self, action: int, first: str | None, second: str | None, _base: str | None, _by: str | None) -> int:
        if self._is_filling or action in _READS or (action == sqlite3.SQLITE_PRAGMA and first in _LOOKS):
            if action == sqlite3.SQLITE_READ and first is not None:
                self._read.setdefault(first, set()).add(second or "")
            return sqlite3.SQLITE_OK
        if first is not None and first.startswith("sqlite_"):
            return sqlite3.SQLITE_OK  # what is made is noted there first, and refused with its own name next
        self._refused = (_WRITES.get(action, "changing"), first or "this database")
        return sqlite3.SQLITE_DENY


class CopyCursor(sqlite3.Cursor):
    """A cursor whose rows are all there when `execute` returns, as the next statement empties the tables."""

    narrowed: Narrowed = MappingProxyType({})

    def execute(self, sql: str, parameters: Any = ()) -> CopyCursor:
        """See `sqlite3.Cursor`."""
        text, values = _SCHEMA.sub(lambda found: found[1] or "", sql), _plain(parameters)
        narrowed, self.narrowed = self.narrowed, CopyCursor.narrowed
        self.connection.prepare(text, values, narrowed)  # type: ignore[attr-defined]
        super().execute(text, values)
        self._rows = deque(super().fetchall())
        return self

    def executemany(self, sql: str, seq_of_parameters: Iterable[Any]) -> CopyCursor:
        """Refuse: these are writes."""
        for parameters in seq_of_parameters:
            self.execute(sql, parameters)
        return self

    def executescript(self, sql_script: str) -> CopyCursor:
        """See `sqlite3.Cursor`; a script of one statement only."""
        return self.execute(sql_script)

    def fetchone(self) -> Any:
        """See `sqlite3.Cursor`."""
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """See `sqlite3.Cursor`."""
        return [self._rows.popleft() for _ in range(min(size or self.arraysize, len(self._rows)))]

    def fetchall(self) -> list[Any]:
        """See `sqlite3.Cursor`."""
        return self.fetchmany(len(self._rows)) if self._rows else []

    def __iter__(self) -> CopyCursor:
        return self

    def __next__(self) -> Any:
        if not self._rows:
            raise StopIteration
        return self._rows.popleft()


def _plain(parameters: Any) -> Any:
    """Return parameters with instants as the tables have them."""
    if isinstance(parameters, Mapping):
        return {name: _plain_value(value) for name, value in parameters.items()}
    return [_plain_value(value) for value in parameters]


def _plain_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return stored(value)
    return value.isoformat() if isinstance(value, date) else value


def _quoted(name: str) -> str:
    return f'"{name}"'
