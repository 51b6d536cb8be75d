"""What mapped instances are called, see `map_index_template`."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from tradewind.metadata.dialects import insert_or_change
from tradewind.metadata.tables import instance_label


def store(conn: sa.Connection, labels: Iterable[tuple[int, str]]) -> None:
    """Write what instances are called, in place of what earlier tries of theirs have said."""
    rows = [{"instance": instance, "label": label} for instance, label in sorted(labels)]
    if rows:
        conn.execute(insert_or_change(conn.dialect.name, instance_label, ("instance",), ("label",)), rows)
