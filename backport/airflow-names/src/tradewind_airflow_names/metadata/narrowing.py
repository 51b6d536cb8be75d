"""What a statement says about the rows it reads: values that columns must have, so that no other rows need be fetched.

Only what is certain counts: conditions that the whole statement, or the one subquery it reads from, requires together (with
AND), on a column of a table: equal to a value, in a list of values, or before or after an instant. A NULL fulfils none of
them, so they hold for what an outer join makes up too. Whether the table is read anywhere else in the statement is for SQLite
to say, see `copy`.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression, BindParameter, BooleanClauseList, Grouping
from sqlalchemy.sql.selectable import Alias, Select, Subquery

from tradewind_airflow_names.metadata.columns import Utc

_AFTER: Final = (operator.ge, operator.gt)
_BEFORE: Final = (operator.le, operator.lt)
_MISSING: Final = object()
Range = tuple[datetime | None, datetime | None]


@dataclass
class Wanted:
    """What rows of a table must be like to matter.

    Arguments:
        equal: by column the values it must have one of.
        between: by column the first and the last instant it may have; None for no bound.
    """

    equal: dict[str, list[Any]] = field(default_factory=dict)
    between: dict[str, Range] = field(default_factory=dict)

    def among(self, column: str, values: list[Any]) -> None:
        """Require a column to have one of these values too."""
        before = self.equal.get(column, values)
        self.equal[column] = [each for each in before if each in values]

    def within(self, column: str, least: datetime | None, most: datetime | None) -> None:
        """Require a column to be within bounds too."""
        first, last = self.between.get(column, (None, None))
        lower = [each for each in (first, least) if each is not None]
        upper = [each for each in (last, most) if each is not None]
        self.between[column] = (max(lower, default=None), min(upper, default=None))


def narrowed(statement: Any, parameters: Mapping[str, Any]) -> dict[str, Wanted]:
    """Return by table what its rows must be like to matter to a statement.

    Arguments:
        parameters: what is given for parameters that the statement names.
    """
    found: dict[str, Wanted] = {}
    for condition in _conditions(statement):
        if isinstance(condition, BinaryExpression) and _is_of_table(condition.left):
            _take(condition, parameters, found.setdefault(condition.left.table.name, Wanted()))
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


def _is_of_table(column: Any) -> bool:
    return isinstance(column, sa.Column) and isinstance(column.table, sa.Table)


def _take(condition: BinaryExpression[Any], parameters: Mapping[str, Any], wanted: Wanted) -> None:
    """Take in a condition, if it is one of those that count."""
    column: Any = condition.left
    if condition.operator is operators.between_op:
        given = [_value(each, parameters) for each in getattr(condition.right, "clauses", ())]
        if len(given) == 2 and all(_is_instant(column, each) for each in given):
            wanted.within(column.name, given[0], given[1])
        return
    value = _value(condition.right, parameters)
    if condition.operator in (operator.eq, operators.in_op):
        values = list(value) if condition.operator is operators.in_op and isinstance(value, (list, tuple)) else [value]
        if all(_fits(column, each) for each in values):
            wanted.among(column.name, values)
    elif _is_instant(column, value):
        if condition.operator in _AFTER:
            wanted.within(column.name, value, None)
        elif condition.operator in _BEFORE:
            wanted.within(column.name, None, value)


def _value(given: Any, parameters: Mapping[str, Any]) -> Any:
    """Return the value that a statement compares with; something that fits nothing where that is no plain value."""
    if not isinstance(given, BindParameter):
        return _MISSING
    return given.effective_value if given.unique else parameters.get(given.key, _MISSING)


def _fits(column: sa.Column[Any], value: Any) -> bool:
    """Tell whether a value is one of the column's own kind, so that no conversion is involved in comparing them."""
    if isinstance(column.type, sa.String):
        return isinstance(value, str)
    return _is_instant(column, value) or (isinstance(column.type, sa.Integer) and type(value) is int)


def _is_instant(column: sa.Column[Any], value: Any) -> bool:
    return isinstance(column.type, Utc) and isinstance(value, datetime) and value.tzinfo is not None
