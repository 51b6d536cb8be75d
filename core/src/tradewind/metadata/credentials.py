"""Looking up connections and variables: the secrets backends first (the environment, if nothing else is set), then the
metadata database.
"""

from __future__ import annotations

import sqlalchemy as sa
from tradewind_plugins.connection import Connection
from tradewind_plugins.contracts.secrets_backend import SecretsBackend
from tradewind_plugins.exceptions import TradewindNotFoundException

from tradewind.metadata.secrets import Cipher
from tradewind.metadata.statements import connections, variables
from tradewind.plugins.secrets import CONNECTION_PREFIX


def find_connection(db: sa.Connection, conn_id: str, *, cipher: Cipher, secrets: SecretsBackend) -> Connection:
    """Return the connection of that id.

    Raises:
        TradewindNotFoundException: when neither a secrets backend nor the database has it.
    """
    found = secrets.get_connection(conn_id)
    if found is None:
        found = connections.get_connection(db, conn_id, cipher=cipher)
    if found is None:
        raise TradewindNotFoundException(
            f"Connection {conn_id!r} is not defined: add it with `tradewind connections add {conn_id} --conn-uri …`, "
            f"or set {CONNECTION_PREFIX}{conn_id.upper()}."
        )
    return found


def find_variable(db: sa.Connection, key: str, *, cipher: Cipher, secrets: SecretsBackend) -> str | None:
    """Return the variable's text, or None where neither a secrets backend nor the database has it."""
    text = secrets.get_variable(key)
    if text is not None:
        return text
    found = variables.get_variable(db, key, cipher=cipher)
    return None if found is None else found.value
