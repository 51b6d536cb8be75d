"""For tests: fill the new column, in batches, while the daemons go on."""

from __future__ import annotations

import sqlalchemy as sa

revision = "t002"
down_revision = "t001"
branch_labels = None
depends_on = None

_ti = sa.table("task_instance", sa.column("id"), sa.column("task_id"), sa.column("note"))


def backfill(connection: sa.Connection, after: int | None, most: int) -> tuple[int, int] | None:
    """Fill the next rows that are empty."""
    found = (
        connection.execute(
            sa.select(_ti.c.id).where(_ti.c.id > (after or -1), _ti.c.note.is_(None)).order_by(_ti.c.id).limit(most)
        )
        .scalars()
        .all()
    )
    if not found:
        return None
    between = sa.and_(_ti.c.id >= found[0], _ti.c.id <= found[-1], _ti.c.note.is_(None))
    connection.execute(sa.update(_ti).where(between).values(note=_ti.c.task_id))
    return found[-1], len(found)


def upgrade() -> None:
    """Nothing but the rows changes."""


def downgrade() -> None:
    """They may stay filled."""
