"""Many connections at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from tradewind_plugins.connection import Connection

from tradewind.metadata.secrets import Cipher, open_cipher
from tradewind.metadata.statements import connections
from tradewind.operations.bulk.rows import Faults, check_names, may_overwrite, raise_faults
from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.starring import STARS, stars_in_extra, unstarred_extra

Row = Mapping[str, Any]


@operation("connections.create")
def set_connections(context: Context, *, rows: Sequence[Row], overwrite: bool = False) -> dict[str, int]:
    """Create connections, all or none; return how many were made and how many changed.

    Stars for a secret keep the one that is there, as whoever exported them by a server has nothing else.

    Arguments:
        rows: `conn_id`, `conn_type` and any other parts of each.
        overwrite: put them in the place of those that are there, which takes the permission to change them.
    Raises:
        RowsError: some are there already, or twice among the rows, or have stars for a secret that is not there.
    """
    may_overwrite(context, "connections.change", overwrite=overwrite)
    cipher = open_cipher(context.tools.config.security.fernet_key, context.tools.config.home)

    def work(connection: sa.Connection, entry: Entry) -> dict[str, int]:
        known = connections.existing(connection, [row["conn_id"] for row in rows])
        check_names(rows, "conn_id", known, what="connection", field="connections", overwrite=overwrite)
        for each in _with_secrets(connection, rows, known, cipher):
            write = connections.change_connection if each.conn_id in known else connections.add_connection
            write(connection, each, cipher=cipher)
        entry.after = {"connections": [row["conn_id"] for row in rows]}
        return {"created": len(rows) - len(known), "changed": len(known)}

    return context.change(work, wakes=())


def _with_secrets(connection: sa.Connection, rows: Sequence[Row], known: set[str], cipher: Cipher) -> list[Connection]:
    """Return the connections of rows, with the secrets that are there where a row has their stars.

    Only those are decrypted: the key of the others may be lost, and they are written anew.
    """
    starred = [row["conn_id"] for row in rows if row["conn_id"] in known and _stars_in(row)]
    old = connections.read_some(connection, starred, cipher=cipher) if starred else {}
    found = []
    faults: Faults = {}
    for index, row in enumerate(rows):
        parts, before = dict(row), old.get(row["conn_id"])
        if before is not None:
            parts["extra"] = unstarred_extra(row["conn_type"], row.get("extra"), before.extra)
            if parts.get("password") == STARS:
                parts["password"] = before.password or STARS
        if part := _stars_in(parts):
            why = f"Connection {row['conn_id']!r} has *** for a secret that is not there: write the secret itself."
            faults[str(index)] = {part: [why]}
        found.append(Connection(**parts))
    raise_faults(faults, "connections", error_id="secret-missing")
    return found


def _stars_in(row: Row) -> str:
    """Return the part of a row that has stars for a secret, an empty text for none."""
    if row.get("password") == STARS:
        return "password"
    return "extra" if stars_in_extra(row["conn_type"], row.get("extra")) else ""
