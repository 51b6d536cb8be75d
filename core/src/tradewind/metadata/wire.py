"""Statements that go to psycopg past SQLAlchemy, which costs more there than the driver and the server together.

The text of a statement is compiled once. A write that nobody reads a result of waits for the next statement that has one, or
for the commit, and goes out with it: one way to the server instead of several (psycopg's pipeline).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    import psycopg

DIRECT = "tradewind_direct"
PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")
Processor = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Text:
    """A statement as PostgreSQL reads it: `$1` and so on for its parameters.

    Arguments:
        parameters: of each the name, what the statement itself gives for it, and what makes a value the driver's.
        readers: places in a row whose values have to be made ours, and how.
    """

    text: str
    parameters: tuple[tuple[str, Any, Processor | None], ...]
    readers: tuple[tuple[int, Processor], ...]

    @classmethod
    def of(cls, statement: sa.Executable, dialect: sa.Dialect) -> Text:
        """Compile a statement."""
        compiled: Any = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})  # type: ignore[attr-defined]
        given = compiled.params
        parameters = []
        for name in given:
            bound = compiled.binds.get(name)
            parameters.append((name, given[name], None if bound is None else _processor(bound.type, dialect)))
        numbers = {name: number for number, name in enumerate(given, 1)}
        text = PLACEHOLDER.sub(lambda found: f"${numbers[found[1]]}" if found[1] else "%", str(compiled))
        columns = list(statement.selected_columns) if isinstance(statement, sa.Select) else []
        readers = [each.type.dialect_impl(dialect).result_processor(dialect, None) for each in columns]
        return cls(text, tuple(parameters), tuple((place, read) for place, read in enumerate(readers) if read))

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """Return the parameters in their order."""
        found = []
        for name, default, process in self.parameters:
            value = given.get(name, default)
            found.append(value if process is None else process(value))
        return found

    def read(self, rows: list[Any]) -> list[Any]:
        """Return rows as SQLAlchemy would."""
        if not self.readers:
            return rows
        made = []
        for row in rows:
            changed = list(row)
            for place, process in self.readers:
                changed[place] = process(changed[place])
            made.append(changed)
        return made


def _processor(kind: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> Processor | None:
    """Return what makes a parameter the driver's. Arrays are written here: the driver looks at every item three times."""
    if isinstance(kind, sa.ARRAY):
        return partial(array_text, of_item=_processor(kind.item_type, dialect))
    processor: Processor | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return processor


def array_text(values: Sequence[Any], of_item: Processor | None = None) -> str:
    """Return a list as PostgreSQL writes an array; texts are quoted, so none of them is anything but a text.

    Arguments:
        of_item: makes an item the driver's.
    """
    items = values if of_item is None else map(of_item, values)
    return f"{{{','.join(map(_array_item, items))}}}"


def _array_item(value: Any) -> str:
    if type(value) is int:
        return str(value)
    if value is None:
        return "NULL"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


class Wire:
    """The driver's own connection below one of SQLAlchemy, and the writes that wait to be sent over it."""

    def __init__(self, conn: sa.Connection) -> None:
        module: Any = conn.dialect.dbapi  # psycopg, which only a process that talks to PostgreSQL has
        self._driver: psycopg.Connection[Any] = conn.connection.dbapi_connection  # type: ignore[assignment]
        self._error: type[Exception] = module.Error
        self._idle = module.pq.TransactionStatus.IDLE
        self._reader: psycopg.RawCursor[Any] = module.RawCursor(self._driver)
        self._writer: psycopg.RawCursor[Any] = module.RawCursor(self._driver)
        self._waiting: list[tuple[Text, list[Any]]] = []

    def fetch(self, conn: sa.Connection, text: Text, values: Mapping[str, Any]) -> list[Any]:
        """Send what waits and a statement behind it, and return its rows."""
        with self._told(conn, text):
            # The BEGIN that the driver adds to a transaction's first statement goes the same way
            if self._waiting or self._driver.pgconn.transaction_status == self._idle:
                with self._driver.pipeline():
                    self._send()
                    self._reader.execute(text.text, text.values(values))
            else:
                self._reader.execute(text.text, text.values(values))
            return text.read(self._reader.fetchall())

    def later(self, text: Text, values: Mapping[str, Any]) -> None:
        """Have a write sent with the next statement, or before the commit."""
        self._waiting.append((text, text.values(values)))

    def flush(self, conn: sa.Connection) -> None:
        """Send what waits."""
        if self._waiting:
            with self._told(conn), self._driver.pipeline():
                self._send()

    def commit(self, conn: sa.Connection) -> None:
        """Send what waits and the commit behind it; where nothing waits, leave the commit to SQLAlchemy."""
        if self._waiting:
            with self._told(conn), self._driver.pipeline():
                self._send()
                self._driver.commit()

    def forget(self) -> None:
        """Drop what waits: its transaction is rolled back."""
        self._waiting.clear()

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        for text, values in waiting:
            self._writer.execute(text.text, values)

    @contextmanager
    def _told(self, conn: sa.Connection, *more: Text) -> Iterator[None]:
        """Raise the driver's errors as SQLAlchemy does, with what was sent, but without parameters: they may be secrets.

        Arguments:
            more: what is sent behind what waits.
        """
        texts = [*(text for text, _values in self._waiting), *more]
        try:
            yield
        except self._error as error:
            self.forget()
            is_gone = self._driver.closed
            if is_gone:
                conn.invalidate(error)
            sent = " ; ".join(each.text for each in texts)
            raise DBAPIError.instance(
                sent, None, error, self._error, dialect=conn.dialect, connection_invalidated=is_gone
            ) from error


def wire_of(conn: sa.Connection) -> Wire | None:
    """Return the wire below a connection of a `direct` database, None for any other."""
    if not conn.get_execution_options().get(DIRECT, False):
        return None
    wire: Wire | None = conn.info.get(DIRECT)
    if wire is None:
        wire = conn.info[DIRECT] = Wire(conn)
    return wire


def direct(engine: sa.Engine) -> sa.Engine:
    """Return an engine whose hot statements go past SQLAlchemy; what waits is sent before anything else, and the commit."""

    @sa.event.listens_for(engine, "before_cursor_execute")
    def before(conn: sa.Connection, *_: Any) -> None:
        if wire := conn.info.get(DIRECT):
            wire.flush(conn)

    @sa.event.listens_for(engine, "commit")
    def commit(conn: sa.Connection) -> None:
        if wire := conn.info.get(DIRECT):
            wire.commit(conn)

    @sa.event.listens_for(engine, "rollback")
    def rollback(conn: sa.Connection) -> None:
        if not conn.invalidated and (wire := conn.info.get(DIRECT)):
            wire.forget()

    return engine.execution_options(**{DIRECT: True})
