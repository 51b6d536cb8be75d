"""Hot statements: the dozen that every task costs, and what makes them cheap on PostgreSQL.

They are SQLAlchemy statements like all others and have their names in `metadata/statements`. What is special:

- a bound list is one array there, not a list of parameters, so that one text, prepared once, serves any length (`any_of`);
- many rows are written by one statement, as arrays that are unnested (`HotRows`); elsewhere by the driver's `executemany`;
- on a database that is opened `direct` they go to the driver past SQLAlchemy (`metadata/wire.py`).

A database that is not `direct` executes the very same statements one by one: that is how the simulation and a listener to
statements see them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from tradewind.metadata.dialects import POSTGRESQL
from tradewind.metadata.wire import Text, wire_of


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
