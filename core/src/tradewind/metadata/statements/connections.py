"""Statements about connections. Passwords and extras are encrypted here, so that no caller can forget it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from tradewind_plugins.connection import Connection

from tradewind.metadata.secrets import Cipher, SecretError
from tradewind.metadata.statements.encrypted import CONNECTIONS, seal
from tradewind.metadata.tables import connection as table

PLAIN = ("conn_id", "conn_type", "description", "host", "login", "schema", "port")
SECRET = CONNECTIONS.columns
MASK = "***"
ORDERS = {
    "connection_id": table.c.conn_id,
    "id": table.c.conn_id,
    "conn_type": table.c.conn_type,
    "description": table.c.description,
    "host": table.c.host,
    "port": table.c.port,
}
"""What lists can be ordered by."""


def get_connection(db: sa.Connection, conn_id: str, *, cipher: Cipher) -> Connection | None:
    """Return the connection of that id, decrypted, or None."""
    row = db.execute(sa.select(table).where(table.c.conn_id == conn_id)).first()
    return None if row is None else _from_row(row, cipher)


def list_ids(connection: sa.Connection) -> list[str]:
    """Return the ids of all connections, sorted."""
    return list(connection.execute(sa.select(table.c.conn_id).order_by(table.c.conn_id)).scalars())


def list_connections(db: sa.Connection, *, cipher: Cipher) -> list[Connection]:
    """Return all connections by id, decrypted."""
    return [_from_row(row, cipher) for row in db.execute(sa.select(table).order_by(table.c.conn_id))]


def list_masked(db: sa.Connection, conn_id: str | None = None) -> list[Connection]:
    """Return all connections by id, or one, with stars in place of their secrets: no key is needed for it."""
    query = sa.select(table).order_by(table.c.conn_id)
    if conn_id is not None:
        query = query.where(table.c.conn_id == conn_id)
    return [_masked(row) for row in db.execute(query)]


def page_masked(
    db: sa.Connection,
    *,
    limit: int,
    offset: int = 0,
    order_by: str | None = None,
    is_descending: bool = False,
    conn_id: str | None = None,
    conn_type: str | None = None,
    pattern: str | None = None,
    cipher: Cipher | None = None,
) -> list[Connection]:
    """Return some connections with stars in place of their secrets, in one statement.

    Arguments:
        order_by: one of `ORDERS`; by default the id.
        conn_id, conn_type, pattern: see `count`.
        cipher: shows extras in clear, but for those that were encrypted with a key that is not given.
    """
    column = ORDERS[order_by or "id"]
    query = sa.select(table).order_by(column.desc() if is_descending else column, table.c.conn_id)
    query = query.where(*_wanted(conn_id, conn_type, pattern))
    return [_masked(row, cipher) for row in db.execute(query.limit(limit).offset(offset))]


def count(
    db: sa.Connection, *, conn_id: str | None = None, conn_type: str | None = None, pattern: str | None = None
) -> int:
    """Return how many connections there are.

    Arguments:
        conn_id: only the one of that id.
        conn_type: only those of that type.
        pattern: only those that have this text in their id, their host or their description, whatever the case.
    """
    query = sa.select(sa.func.count()).select_from(table).where(*_wanted(conn_id, conn_type, pattern))
    return int(db.execute(query).scalar_one())


def list_types(db: sa.Connection) -> list[str]:
    """Return the types that connections have, sorted."""
    return list(db.execute(sa.select(table.c.conn_type).distinct().order_by(table.c.conn_type)).scalars())


def read_some(db: sa.Connection, conn_ids: Iterable[str], *, cipher: Cipher) -> dict[str, Connection]:
    """Return those of these connections that are there, decrypted, in one statement."""
    rows = db.execute(sa.select(table).where(table.c.conn_id.in_(sorted(conn_ids))))
    return {row.conn_id: _from_row(row, cipher) for row in rows}


def existing(db: sa.Connection, conn_ids: Iterable[str]) -> set[str]:
    """Return those ids that are taken."""
    return set(db.execute(sa.select(table.c.conn_id).where(table.c.conn_id.in_(sorted(conn_ids)))).scalars())


def add_connection(db: sa.Connection, connection: Connection, *, cipher: Cipher) -> None:
    """Insert the connection.

    Raises:
        sqlalchemy.exc.IntegrityError: when the id is taken; ids are unique.
        SecretError: the key file is gone while there are secrets that need it.
    """
    db.execute(sa.insert(table).values(_sealed(db, connection, cipher)))


def change_connection(db: sa.Connection, connection: Connection, *, cipher: Cipher) -> None:
    """Give the connection of that id these parts.

    Raises:
        SecretError: the key file is gone while there are secrets that need it.
    """
    db.execute(sa.update(table).where(table.c.conn_id == connection.conn_id).values(_sealed(db, connection, cipher)))


def delete_connection(db: sa.Connection, conn_id: str) -> bool:
    """Delete the connection and tell whether there was one."""
    return db.execute(sa.delete(table).where(table.c.conn_id == conn_id)).rowcount > 0


def _wanted(conn_id: str | None, conn_type: str | None, pattern: str | None) -> list[sa.ColumnElement[bool]]:
    found = []
    if conn_id is not None:
        found.append(table.c.conn_id == conn_id)
    if conn_type is not None:
        found.append(table.c.conn_type == conn_type)
    if pattern is not None:
        columns = (table.c.conn_id, table.c.host, table.c.description)
        found.append(sa.or_(*(column.icontains(pattern, autoescape=True) for column in columns)))
    return found


def _sealed(db: sa.Connection, connection: Connection, cipher: Cipher) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(connection, name) for name in PLAIN}
    for name in SECRET:
        text = getattr(connection, name)
        values[name] = seal(db, cipher, text) if text else None
    return values


def _masked(row: sa.Row[Any], cipher: Cipher | None = None) -> Connection:
    values = {name: getattr(row, name) for name in PLAIN}
    hidden = {name: MASK if getattr(row, name) else None for name in SECRET}
    made = Connection(**values, **hidden)  # type: ignore[arg-type]  # it cannot see which names the texts have
    if cipher is None or not row.extra:
        return made
    try:
        return made.replace(extra=cipher.decrypt(row.extra, of=CONNECTIONS.name(row.conn_id, "extra")))
    except SecretError:
        return made


def _from_row(row: sa.Row[Any], cipher: Cipher) -> Connection:
    values = {name: getattr(row, name) for name in PLAIN}
    for name in SECRET:
        encrypted = getattr(row, name)
        values[name] = cipher.decrypt(encrypted, of=CONNECTIONS.name(row.conn_id, name)) if encrypted else None
    return Connection(**values)
