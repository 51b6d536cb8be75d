"""How many rows a large table has, counted in two parts: what is old, once in a while, and what came since, each time."""

from __future__ import annotations

import sqlalchemy as sa

from tradewind.metadata.tables import dag_run, task_instance

TABLES = {"dag_run": dag_run, "task_instance": task_instance}


def below(connection: sa.Connection, table: str, key: int) -> int:
    """Return how many rows have a key below this one: reads all of them."""
    of = TABLES[table]
    return int(connection.execute(sa.select(sa.func.count()).select_from(of).where(of.c.id < key)).scalar_one())


def from_on(connection: sa.Connection, table: str, key: int) -> int:
    """Return how many rows have this key or a larger one."""
    of = TABLES[table]
    return int(connection.execute(sa.select(sa.func.count()).select_from(of).where(of.c.id >= key)).scalar_one())
