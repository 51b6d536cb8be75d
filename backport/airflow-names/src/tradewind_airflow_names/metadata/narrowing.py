"""What a statement says about the rows it reads: columns that must equal a value, so that no other rows need be fetched.

Only what is certain counts: conditions that the whole statement, or the one subquery it reads from, requires together (with
AND), on a column of a table, equal to a value or in a list of values. A NULL fulfils none of them, so they hold for what an
outer join makes up too. Whether the table is read anywhere else in the statement is for SQLite to say, see `copy`.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression, BindParameter, BooleanClauseList, Grouping
from sqlalchemy.sql.selectable import Alias, Select, Subquery

from tradewind_airflow_names.metadata.columns import Utc

Found = dict[str, dict[str, list[Any]]]


def narrowed(statement: Any, parameters: Mapping[str, Any]) -> Found:
    """Return for tables and their columns the values that rows must have there to matter to a statement.

    Arguments:
        parameters: what is given for parameters that the statement names.
    """
    found: Found = {}
    for condition in _conditions(statement):
        told = _told(condition, parameters)
        if told is not None:
            table, column, values = told
            before = found.setdefault(table, {}).setdefault(column, values)
            found[table][column] = [each for each in before if each in values]
    return found


def _conditions(statement: Any) -> Iterator[Any]:
    """Yield what must hold, from a select and from the one that it selects from."""
    while isinstance(statement, Select):
        if statement.whereclause is not None:
            yield from _all_of(statement.whereclause)
        sources = statement.get_final_froms()
        inner: Any = sources[0] if len(sources) == 1 else None
        while isinstance(inner, (Alias, Subquery)):
            inner = inner.element
        statement = inner


def _all_of(clause: Any) -> Iterator[Any]:
    while isinstance(clause, Grouping):
        clause = clause.element
    if isinstance(clause, BooleanClauseList) and clause.operator is operators.and_:
        for each in clause.clauses:
            yield from _all_of(each)
    else:
        yield clause


def _told(condition: Any, parameters: Mapping[str, Any]) -> tuple[str, str, list[Any]] | None:
    """Return table, column and values of a condition that is an equality or a membership."""
    if not isinstance(condition, BinaryExpression) or condition.operator not in (operator.eq, operators.in_op):
        return None
    column, given = condition.left, condition.right
    if not isinstance(column, sa.Column) or not isinstance(column.table, sa.Table):
        return None
    if not isinstance(given, BindParameter) or (not given.unique and given.key not in parameters):
        return None
    value = given.effective_value if given.unique else parameters[given.key]
    values = list(value) if condition.operator is operators.in_op and isinstance(value, (list, tuple)) else [value]
    if not all(_fits(column, each) for each in values):
        return None
    return column.table.name, column.name, values


def _fits(column: sa.Column[Any], value: Any) -> bool:
    """Tell whether a value is one of the column's own kind, so that no conversion is involved in comparing them."""
    if isinstance(column.type, sa.String):
        return isinstance(value, str)
    if isinstance(column.type, Utc):
        return isinstance(value, datetime) and value.tzinfo is not None
    return isinstance(column.type, sa.Integer) and type(value) is int
