"""Many pools at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.statements import pools
from tradewind.metadata.statements.pools import DEFAULT_POOL
from tradewind.operations.bulk.rows import check_names, may_overwrite
from tradewind.operations.context import Context, Entry, operation


@operation("pools.create")
def set_pools(context: Context, *, rows: Sequence[Mapping[str, Any]], overwrite: bool = False) -> dict[str, int]:
    """Create pools, all or none; return how many were made and how many changed.

    Arguments:
        rows: `name`, `slots` and maybe `description` of each.
        overwrite: change those that are there, which takes the permission to.
    Raises:
        RowsError: some are there already, or twice among the rows, or the default pool would get another description.
    """
    may_overwrite(context, "pools.change", overwrite=overwrite)

    def work(connection: sa.Connection, entry: Entry) -> dict[str, int]:
        found = {each.name: each for each in pools.list_pools(connection)}
        known = {row["name"] for row in rows} & set(found)
        check_names(rows, "name", known, what="pool", field="pools", overwrite=overwrite)
        for row in rows:
            old = found.get(row["name"])
            text = row.get("description", None if old is None else old.description)
            if row["name"] == DEFAULT_POOL and old is not None:
                text = old.description
            pools.set_pool(connection, row["name"], slots=row["slots"], description=text)
        entry.after = {"pools": {row["name"]: row["slots"] for row in rows}}
        return {"created": len(rows) - len(known), "changed": len(known)}

    return context.change(work)
