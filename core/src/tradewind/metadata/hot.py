"""Hot statements: the dozen that every task costs, and what makes them cheap on PostgreSQL.

They are SQLAlchemy statements like all others and have their names in `metadata/statements`. What is special:

- a bound list is one array there, not a list of parameters, so that one text, prepared once, serves any length (`any_of`);
- many rows are written by one statement, as arrays that are unnested (`HotRows`); elsewhere by the driver's `executemany`;
- on a database that is opened `direct` the text is compiled once and handed to psycopg past SQLAlchemy, which costs more
  there than the driver and the server together, and a write that nobody reads a result of waits for the next statement that
  has one, or for the commit, and goes out with it: one way to the server instead of several (psycopg's pipeline).

A database that is not `direct` executes the very same statements one by one: that is how the simulation and a listener to
statements see them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles

from tradewind.metadata.dialects import POSTGRESQL

if TYPE_CHECKING:
    import psycopg

DIRECT = "tradewind_direct"
PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")
Processor = Callable[[Any], Any]


class any_of(sa.sql.functions.FunctionElement[Any]):  # noqa: N801  (an SQL construct, named as SQL names them)
    """Whether a column has one of the values of the list that is bound to a name."""

    type = sa.types.NULLTYPE  # not Boolean, which is written as `… = 1` where there is no such type
    inherit_cache = True

    def __init__(self, column: sa.ColumnElement[Any], name: str) -> None:
        super().__init__(column, sa.bindparam(name, expanding=True, type_=column.type))


@compiles(any_of)
def _in_list(element: any_of, compiler: Any, **kw: Any) -> str:
    column, values = element.clauses
    text: str = compiler.process(column.in_(values), **kw)
    return text


@compiles(any_of, POSTGRESQL)
def _in_array(element: any_of, compiler: Any, **kw: Any) -> str:
    column, values = element.clauses
    array = sa.bindparam(values.key, type_=sa.ARRAY(column.type))
    return f"{compiler.process(column, **kw)} = ANY ({compiler.process(array, **kw)})"


class Hot:
    """One hot statement; its parameters are named, and none has a default but those that the statement itself gives."""

    def __init__(self, statement: sa.Executable) -> None:
        self.statement = statement
        self._text: Text | None = None

    def rows(self, conn: sa.Connection, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """Execute it and return its rows."""
        wire = wire_of(conn)
        if wire is None:
            return conn.execute(self.statement, values).all()
        return wire.fetch(conn, self._compiled(conn), values)

    def run(self, conn: sa.Connection, values: Mapping[str, Any]) -> None:
        """Execute a write. On a `direct` database it is sent, and an error of it raised, with a later statement."""
        wire = wire_of(conn)
        if wire is None:
            conn.execute(self.statement, values)
        else:
            wire.later(self._compiled(conn), values)

    def _compiled(self, conn: sa.Connection) -> Text:
        if self._text is None:
            self._text = Text.of(self.statement, conn.dialect)
        return self._text


@lru_cache(maxsize=256)
def hot(statement: sa.Executable) -> Hot:
    """Return a statement as a hot one; the same for the same statement."""
    return Hot(statement)


class HotRows:
    """A write of many rows by one statement: an insert, or with a `key` an update of the rows that have it.

    Arguments:
        table: what is written.
        key: column by which rows are found; the values have it under `key`.
    """

    def __init__(self, table: sa.Table, key: str | None = None) -> None:
        self._table = table
        self._key = key
        self._statements: dict[tuple[str, ...], Hot] = {}

    def run(self, conn: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the rows; the columns are the keys of the first, which all of them have."""
        if not rows:
            return
        columns = tuple(rows[0])
        if conn.dialect.name != POSTGRESQL:
            conn.execute(self._one_by_one(), list(rows))
            return
        if columns not in self._statements:
            self._statements[columns] = Hot(self.at_once(columns))
        self._statements[columns].run(conn, self.arrays(rows))

    def arrays(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
        """Return the parameters of `at_once`."""
        return {f"{self._table.name}_{name}": [row[name] for row in rows] for name in rows[0]}

    def _one_by_one(self) -> sa.Insert | sa.Update:
        if self._key is None:
            return self._table.insert()
        return self._table.update().where(self._table.c[self._key] == sa.bindparam("key"))

    def at_once(self, columns: Sequence[str]) -> sa.Insert | sa.Update:
        """Return the statement that writes these columns of any number of rows, on PostgreSQL."""
        types = {name: self._table.c[self._key if name == "key" and self._key else name].type for name in columns}
        arrays = [sa.bindparam(f"{self._table.name}_{name}", type_=sa.ARRAY(kind)) for name, kind in types.items()]
        given = sa.func.unnest(*arrays).table_valued(*[sa.column(name, kind) for name, kind in types.items()])
        given = given.render_derived(name=f"given_{self._table.name}")
        if self._key is None:
            return self._table.insert().from_select(list(columns), sa.select(*given.c))
        changed = {name: given.c[name] for name in columns if name != "key"}
        return self._table.update().where(self._table.c[self._key] == given.c.key).values(changed)


class HotPair:
    """Two writes of many rows that belong together, the second an insert: one statement on PostgreSQL, two elsewhere."""

    def __init__(self, first: HotRows, second: HotRows) -> None:
        self._first = first
        self._second = second
        self._statements: dict[tuple[str, ...], Hot] = {}

    def run(self, conn: sa.Connection, rows: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]) -> None:
        """Write the rows of both."""
        if conn.dialect.name != POSTGRESQL or not rows or not others:
            self._first.run(conn, rows)
            self._second.run(conn, others)
            return
        columns = (*rows[0], *others[0])
        if columns not in self._statements:
            first = self._first.at_once(tuple(rows[0])).cte("first")
            self._statements[columns] = Hot(self._second.at_once(tuple(others[0])).add_cte(first))
        self._statements[columns].run(conn, {**self._first.arrays(rows), **self._second.arrays(others)})


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
        with self._told(conn):
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
    def _told(self, conn: sa.Connection) -> Iterator[None]:
        """Raise the driver's errors as SQLAlchemy does, without parameters: they may be secrets."""
        try:
            yield
        except self._error as error:
            self.forget()
            is_gone = self._driver.closed
            if is_gone:
                conn.invalidate(error)
            raise DBAPIError.instance(
                None, None, error, self._error, dialect=conn.dialect, connection_invalidated=is_gone
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
