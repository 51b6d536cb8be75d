"""Statements about variables. Values are encrypted here, so that no caller can forget it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from tradewind.metadata.secrets import Cipher, SecretError
from tradewind.metadata.statements.encrypted import VARIABLES, seal
from tradewind.metadata.tables import variable

ORDERS = {"key": variable.c.key, "id": variable.c.key, "description": variable.c.description}  # of lists


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable with its value decrypted."""

    key: str
    value: str
    description: str | None


def get_variable(connection: sa.Connection, key: str, *, cipher: Cipher) -> Variable | None:
    """Return the variable of that key, or None."""
    row = connection.execute(sa.select(variable).where(variable.c.key == key)).first()
    if row is None:
        return None
    return Variable(row.key, cipher.decrypt(row.value, of=VARIABLES.name(row.key, "value")), row.description)


def list_variables(connection: sa.Connection) -> list[tuple[str, str | None]]:
    """Return key and description of all variables, by key; values are asked for one by one."""
    rows = connection.execute(sa.select(variable.c.key, variable.c.description).order_by(variable.c.key))
    return [(row.key, row.description) for row in rows]


def read_variables(connection: sa.Connection, *, cipher: Cipher) -> list[Variable]:
    """Return all variables with their values, by key."""
    rows = connection.execute(sa.select(variable).order_by(variable.c.key))
    return [Variable(row.key, cipher.decrypt(row.value), row.description) for row in rows]


def page(
    connection: sa.Connection,
    *,
    cipher: Cipher,
    limit: int,
    offset: int = 0,
    order_by: str | None = None,
    is_descending: bool = False,
    unreadable: str | None = None,
    pattern: str | None = None,
) -> list[Variable]:
    """Return some variables with their values, in one statement.

    Arguments:
        order_by: one of `ORDERS`; by default the key.
        unreadable: stands for values that were encrypted with a key that is not given.
        pattern: see `count`.
    Raises:
        SecretError: there is such a value, and nothing to stand for it.
    """
    column = ORDERS[order_by or "key"]
    query = sa.select(variable).order_by(column.desc() if is_descending else column, variable.c.key)
    query = query.where(*_wanted(pattern))
    found = []
    for row in connection.execute(query.limit(limit).offset(offset)):
        try:
            value = cipher.decrypt(row.value, of=VARIABLES.name(row.key, "value"))
        except SecretError:
            if unreadable is None:
                raise
            value = unreadable
        found.append(Variable(row.key, value, row.description))
    return found


def read_some(connection: sa.Connection, keys: Collection[str], *, cipher: Cipher) -> dict[str, Variable]:
    """Return those of these variables that are there, with their values, in one statement."""
    rows = connection.execute(sa.select(variable).where(variable.c.key.in_(sorted(keys))))
    return {row.key: Variable(row.key, cipher.decrypt(row.value), row.description) for row in rows}


def existing(connection: sa.Connection, keys: Collection[str]) -> set[str]:
    """Return those keys that are taken."""
    return set(connection.execute(sa.select(variable.c.key).where(variable.c.key.in_(sorted(keys)))).scalars())


def count(connection: sa.Connection, *, pattern: str | None = None) -> int:
    """Return how many variables there are.

    Arguments:
        pattern: only those that have this text in their key or their description, whatever the case.
    """
    query = sa.select(sa.func.count()).select_from(variable).where(*_wanted(pattern))
    return int(connection.execute(query).scalar_one())


def _wanted(pattern: str | None) -> list[sa.ColumnElement[bool]]:
    if pattern is None:
        return []
    columns = (variable.c.key, variable.c.description)
    return [sa.or_(*(column.icontains(pattern, autoescape=True) for column in columns))]


def set_variable(connection: sa.Connection, key: str, value: str, *, description: str | None, cipher: Cipher) -> None:
    """Insert the variable, or give it this value; a description of None keeps the one it has."""
    values = {"value": seal(connection, cipher, value)} | ({} if description is None else {"description": description})
    if connection.execute(sa.update(variable).where(variable.c.key == key).values(values)).rowcount == 0:
        connection.execute(sa.insert(variable).values(key=key, **values))


def set_description(connection: sa.Connection, key: str, description: str) -> None:
    """Describe a variable, whose value stays."""
    connection.execute(sa.update(variable).where(variable.c.key == key).values(description=description))


def forget_description(connection: sa.Connection, key: str) -> None:
    """Have a variable have no description."""
    connection.execute(sa.update(variable).where(variable.c.key == key).values(description=None))


def delete_variable(connection: sa.Connection, key: str) -> bool:
    """Delete the variable and tell whether there was one."""
    return connection.execute(sa.delete(variable).where(variable.c.key == key)).rowcount > 0
