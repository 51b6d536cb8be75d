"""Looking up connections and variables: the environment first, then the metadata database.

`TRADEWIND_CONN_<ID>` holds a connection as URI or JSON, `TRADEWIND_VAR_<KEY>` a variable's text; ids and keys in
capitals.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindNotFoundException

from tradewind.metadata.secrets import Cipher
from tradewind.metadata.statements import connections, variables

CONNECTION_PREFIX = "TRADEWIND_CONN_"
VARIABLE_PREFIX = "TRADEWIND_VAR_"


def find_connection(db: sa.Connection, conn_id: str, *, cipher: Cipher, environ: Mapping[str, str]) -> Connection:
    """Return the connection of that id.

    Raises:
        TradewindNotFoundException: when neither the environment nor the database has it.
    """
    text = environ.get(f"{CONNECTION_PREFIX}{conn_id.upper()}")
    if text is not None:
        return Connection.parse(text, conn_id)
    found = connections.get_connection(db, conn_id, cipher=cipher)
    if found is None:
        raise TradewindNotFoundException(
            f"Connection {conn_id!r} is not defined: add it with `tradewind connections add {conn_id} --conn-uri …`, "
            f"or set {CONNECTION_PREFIX}{conn_id.upper()}."
        )
    return found


def find_variable(db: sa.Connection, key: str, *, cipher: Cipher, environ: Mapping[str, str]) -> str | None:
    """Return the variable's text, or None where neither the environment nor the database has it."""
    text = environ.get(f"{VARIABLE_PREFIX}{key.upper()}")
    if text is not None:
        return text
    found = variables.get_variable(db, key, cipher=cipher)
    return None if found is None else found.value
