"""What is encrypted, wherever it stands: writing it with a key that may write, and giving all of it another key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.secrets import Cipher, HomeCipher, SecretError, missing
from tradewind.metadata.tables import connection, variable


@dataclass(frozen=True, slots=True)
class Store:
    """A table with secrets: its key, the columns that are encrypted, and how a message names one."""

    table: sa.Table
    key: str
    columns: tuple[str, ...]
    name: Callable[[str, str], str]


CONNECTIONS = Store(
    connection, "conn_id", ("password", "extra"), lambda key, column: f"the {column} of connection {key!r}"
)
VARIABLES = Store(variable, "key", ("value",), lambda key, _column: f"the value of variable {key!r}")
STORES = (CONNECTIONS, VARIABLES)


def seal(conn: sa.Connection, cipher: Cipher, text: str) -> str:
    """Return the text encrypted.

    Raises:
        SecretError: the key file is gone while there are secrets that need it: a new key must not take its place.
    """
    if isinstance(cipher, HomeCipher) and not cipher.has_key and has_any(conn):
        raise SecretError(missing(cipher.path))
    return cipher.encrypt(text)


def has_any(conn: sa.Connection) -> bool:
    """Tell whether anything encrypted is stored."""
    return any(conn.execute(_encrypted(store).limit(1)).first() is not None for store in STORES)


def rotate(conn: sa.Connection, store: Store, cipher: Cipher, *, after: str, most: int) -> list[str]:
    """Encrypt the next rows with the first key and return their keys, in order; none when there were no more.

    Arguments:
        after: the key of the row after which to begin; an empty text for the first.
    Raises:
        SecretError: a secret that none of the keys opens; the rows of this batch stay as they were.
    """
    key = store.table.c[store.key]
    rows = conn.execute(_encrypted(store).where(key > after).order_by(key).limit(most).with_for_update()).all()
    for row in rows:
        name, *secrets = row
        found = {column: text for column, text in zip(store.columns, secrets, strict=True) if text}
        again = {
            column: cipher.encrypt(cipher.decrypt(text, of=store.name(name, column))) for column, text in found.items()
        }
        conn.execute(sa.update(store.table).where(key == name).values(again))
    return [row[0] for row in rows]


def _encrypted(store: Store) -> sa.Select[Any]:
    columns = [store.table.c[name] for name in store.columns]
    filled = sa.or_(*[sa.and_(column.is_not(None), column != "") for column in columns])
    return sa.select(store.table.c[store.key], *columns).where(filled)
