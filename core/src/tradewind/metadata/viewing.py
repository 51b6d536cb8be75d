"""Reading pages of tables for DAG code, with what is encrypted opened as `Variable.get` and a hook's connection have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tradewind.metadata.engine import Database
from tradewind.metadata.secrets import Cipher
from tradewind.metadata.statements import views
from tradewind.metadata.statements.encrypted import CONNECTIONS, VARIABLES, Store

_STORES: Mapping[str, Store] = {"connection": CONNECTIONS, "variable": VARIABLES}


@dataclass(frozen=True, slots=True)
class TablePage:
    """Rows of a table by name, and the key after which the next page begins; None where this is the last."""

    rows: list[dict[str, Any]]
    after: list[Any] | None

    def to_json(self) -> dict[str, Any]:
        """Return this as messages carry it."""
        return {"rows": self.rows, "after": self.after}


def read_page(database: Database, asked: views.Asked, *, cipher: Cipher) -> TablePage:
    """Return the next rows of a table, decrypted.

    Raises:
        ValueError: there is no such table or column to ask for.
        SecretError: a secret that no key opens.
    """
    with database.read() as conn:
        page = views.page(conn, asked)
    rows = [dict(zip(page.columns, row, strict=True)) for row in page.rows]
    store = _STORES.get(asked.table)
    if store is not None:
        rows = [_opened(row, store, cipher) for row in rows]
    return TablePage(rows, page.after)


def _opened(row: dict[str, Any], store: Store, cipher: Cipher) -> dict[str, Any]:
    secrets = {name: row[name] for name in store.columns if row[name]}
    opened = {name: cipher.decrypt(text, of=store.name(row[store.key], name)) for name, text in secrets.items()}
    return row | opened
