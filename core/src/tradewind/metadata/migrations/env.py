"""Alembic's entry: migrations run on the connection that `tradewind.metadata.migrating` hands over, or are written as SQL."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from tradewind.metadata.tables import Instant, metadata


def plain_types(kind: str, value: Any, _context: Any) -> str | Literal[False]:
    """Write our own column types as what the database stores: a migration must not change when our code does."""
    return "sa.BigInteger()" if kind == "type" and isinstance(value, Instant) else False


given = context.config.attributes
if context.is_offline_mode():
    context.configure(dialect_name=given["dialect"].name, literal_binds=True, target_metadata=metadata)
else:
    context.configure(
        connection=given["connection"],
        target_metadata=metadata,
        render_item=plain_types,
        transaction_per_migration=False,
    )
with context.begin_transaction():
    context.run_migrations()
