"""Pools: limits shared by tasks, in slots."""

from __future__ import annotations

import sqlalchemy as sa

from tradewind.metadata.statements import pools
from tradewind.metadata.statements.pools import DEFAULT_POOL, Pool
from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.errors import ConflictError, InvalidError, NotFoundError
from tradewind.operations.paging import Page, Paging


@operation("pools.list")
def list_pools(context: Context, *, page: Paging) -> Page[Pool]:
    """Return pools with their use, by name or in another order of `pools.ORDERS`."""
    with context.read() as connection:
        total = pools.count(connection)
        rows = pools.page(
            connection, limit=page.limit, offset=page.offset, order_by=page.order_by, is_descending=page.is_descending
        )
    return Page(rows, total)


@operation("pools.get")
def get_pool(context: Context, *, name: str) -> Pool:
    """Return a pool with its use.

    Raises:
        NotFoundError: there is no pool of that name.
    """
    with context.read() as connection:
        return _require(connection, name)


@operation("pools.create")
def create_pool(context: Context, *, name: str, slots: int, description: str | None = None) -> Pool:
    """Create a pool.

    Arguments:
        slots: from 0 on; -1 for no limit is not offered: give a large number.
    Raises:
        ConflictError: there is one of that name.
    """

    def work(connection: sa.Connection, entry: Entry) -> Pool:
        if pools.get(connection, name) is not None:
            raise ConflictError(f"There already is a pool {name!r}.")
        entry.after = {"name": name, "slots": slots, "description": description}
        pools.set_pool(connection, name, slots=slots, description=description)
        return _require(connection, name)

    return context.change(work)


@operation("pools.change")
def change_pool(
    context: Context,
    *,
    name: str,
    slots: int | None = None,
    description: str | None = None,
    new_name: str | None = None,
) -> Pool:
    """Change a pool; what is None stays as it is.

    Raises:
        NotFoundError: there is no pool of that name.
        InvalidError: the pool would get another name, or the default pool another description.
    """
    if new_name not in {None, name}:
        raise InvalidError("name", f"Pool {name!r} cannot be renamed, as tasks name it: create {new_name!r} beside it.")

    def work(connection: sa.Connection, entry: Entry) -> Pool:
        found = _require(connection, name)
        wanted = found.slots if slots is None else slots
        text = found.description if description is None else description
        if name == DEFAULT_POOL and text != found.description:
            raise InvalidError(
                "description", f"Of {DEFAULT_POOL} only the slots can be changed.", error_id="pool-protected"
            )
        entry.before = {"name": name, "slots": found.slots, "description": found.description}
        entry.after = {"name": name, "slots": wanted, "description": text}
        pools.set_pool(connection, name, slots=wanted, description=text)
        return _require(connection, name)

    return context.change(work)


@operation("pools.delete")
def delete_pool(context: Context, *, name: str) -> None:
    """Delete a pool.

    Raises:
        NotFoundError: there is no pool of that name.
        InvalidError: it is the default pool.
    """
    if name == DEFAULT_POOL:
        raise InvalidError(
            "pool_name",
            f"{DEFAULT_POOL} cannot be deleted: tasks that name no pool run there.",
            error_id="pool-protected",
        )

    def work(connection: sa.Connection, entry: Entry) -> None:
        found = _require(connection, name)
        entry.before = {"name": name, "slots": found.slots, "description": found.description}
        pools.delete_pool(connection, name)

    context.change(work)


def _require(connection: sa.Connection, name: str) -> Pool:
    found = pools.get(connection, name)
    if found is None:
        raise NotFoundError(f"There is no pool {name!r}.", error_id="no-such-pool")
    return found
