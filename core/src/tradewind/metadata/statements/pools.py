"""Statements about pools."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from tradewind.metadata.tables import pool, task_instance

DEFAULT_POOL = "default_pool"
ORDERS = {"name": pool.c.name, "id": pool.c.name, "slots": pool.c.slots}  # what lists can be ordered by


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool with its use: slots in all, and slots taken by queued and by running instances."""

    name: str
    slots: int
    description: str | None
    queued: int = 0
    running: int = 0


def ensure_default(connection: sa.Connection, *, slots: int) -> None:
    """Insert the default pool if it is missing."""
    if connection.execute(sa.select(pool.c.name).where(pool.c.name == DEFAULT_POOL)).first() is None:
        set_pool(connection, DEFAULT_POOL, slots=slots, description="Tasks that name no pool run here")


def set_pool(connection: sa.Connection, name: str, *, slots: int, description: str | None) -> None:
    """Insert the pool, or give it these slots and this description."""
    values = {"slots": slots, "description": description}
    if connection.execute(sa.update(pool).where(pool.c.name == name).values(values)).rowcount == 0:
        connection.execute(sa.insert(pool).values(name=name, **values))


def delete_pool(connection: sa.Connection, name: str) -> bool:
    """Delete the pool and tell whether there was one."""
    return connection.execute(sa.delete(pool).where(pool.c.name == name)).rowcount > 0


def list_pools(connection: sa.Connection) -> list[Pool]:
    """Return all pools by name, with their use counted."""
    return page(connection, limit=None)


def page(
    connection: sa.Connection,
    *,
    limit: int | None,
    offset: int = 0,
    order_by: str | None = None,
    is_descending: bool = False,
    name: str | None = None,
) -> list[Pool]:
    """Return some pools with their use counted: two statements, however many there are.

    Arguments:
        order_by: one of `ORDERS`; by default the name.
        name: only the pool of that name.
    """
    column = ORDERS[order_by or "name"]
    query = (
        sa.select(pool).order_by(column.desc() if is_descending else column, pool.c.name).limit(limit).offset(offset)
    )
    if name is not None:
        query = query.where(pool.c.name == name)
    found = connection.execute(query).all()
    taken = {(row.pool, row.state): row.slots for row in connection.execute(_taken())}
    return [
        Pool(
            row.name,
            row.slots,
            row.description,
            queued=taken.get((row.name, "queued"), 0),
            running=taken.get((row.name, "running"), 0),
        )
        for row in found
    ]


def get(connection: sa.Connection, name: str) -> Pool | None:
    """Return the pool of that name with its use counted, None if there is none."""
    return next(iter(page(connection, limit=1, name=name)), None)


def count(connection: sa.Connection) -> int:
    """Return how many pools there are."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(pool)).scalar_one())


def _taken() -> sa.Select[tuple[str, str, int]]:
    instance = task_instance.c
    return (
        sa.select(instance.pool, instance.state, sa.func.sum(instance.pool_slots).label("slots"))
        .where(sa.text("state IN ('queued', 'running')"))
        .group_by(instance.pool, instance.state)
    )
