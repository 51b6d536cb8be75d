"""Many variables at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.secrets import Cipher, open_cipher
from tradewind.metadata.statements import variables
from tradewind.operations.bulk.rows import Faults, check_names, may_overwrite, raise_faults
from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.starring import STARS, stars_in_variable, unstarred_variable

Row = Mapping[str, Any]


@operation("variables.create")
def set_variables(
    context: Context, *, rows: Sequence[Row], overwrite: bool = False, skip: bool = False
) -> dict[str, int]:
    """Create variables, all or none; return how many were made and how many changed.

    Stars for a secret keep the one that is there, as whoever exported them by a server has nothing else.

    Arguments:
        rows: `key`, `value` and maybe `description` of each.
        overwrite: change those that are there, which takes the permission to.
        skip: leave those that are there as they are.
    Raises:
        RowsError: some are there already, or twice among the rows, or have stars for a secret that is not there.
    """
    may_overwrite(context, "variables.change", overwrite=overwrite)
    cipher = open_cipher(context.tools.config.security.fernet_key, context.tools.config.home)

    def work(connection: sa.Connection, entry: Entry) -> dict[str, int]:
        known = variables.existing(connection, [row["key"] for row in rows])
        check_names(rows, "key", known, what="variable", field="variables", overwrite=overwrite or skip)
        wanted = [row for row in rows if not (skip and row["key"] in known)]
        for row, value in zip(wanted, _values(connection, rows, wanted, known, cipher), strict=True):
            text = row.get("description")
            if value is not None:
                variables.set_variable(connection, row["key"], value, description=text, cipher=cipher)
            elif text is not None:
                variables.set_description(connection, row["key"], text)
        entry.after = {"keys": [row["key"] for row in wanted]}
        return {"created": len(rows) - len(known), "changed": 0 if skip else len(known)}

    return context.change(work, wakes=())


def _values(
    connection: sa.Connection, rows: Sequence[Row], wanted: Sequence[Row], known: set[str], cipher: Cipher
) -> list[str | None]:
    """Return the values to be written; None where the row has nothing but stars for the one that is there.

    Only values of which a part is kept are decrypted: the key of the others may be lost.
    """
    in_part = [row["key"] for row in wanted if row["value"] != STARS and stars_in_variable(row["value"])]
    old = variables.read_some(connection, in_part, cipher=cipher) if in_part else {}
    found: list[str | None] = []
    faults: Faults = {}
    for row in wanted:
        key, value = row["key"], row["value"]
        if value == STARS and key in known:
            found.append(None)
            continue
        text = unstarred_variable(key, value, old[key].value if key in old else None)
        found.append(text)
        if stars_in_variable(text):
            why = f"Variable {key!r} has *** for a secret that is not there: write the secret itself."
            faults[str(rows.index(row))] = {"value": [why]}
    raise_faults(faults, "variables", error_id="secret-missing")
    return found
