"""Pools: who takes their slots, and the form of one."""

from __future__ import annotations

from typing import Any

from tradewind.metadata.statements.pools import DEFAULT_POOL
from tradewind.operations.context import Context, operation
from tradewind.operations.paging import Paging
from tradewind.operations.pools import get_pool, list_pools
from tradewind.web.pages.admin_schemas import ListPageQuery
from tradewind.web.pages.page import Menu, Page


@operation("pools.list")
def pool_list(context: Context, *, page: Paging) -> dict[str, Any]:
    """Return the pools with who takes their slots."""
    found = list_pools(context, page=page)
    return {"pools": found.rows, "total": found.total, "page": page, "default": DEFAULT_POOL}


@operation("pools.create")
def pool_new(_context: Context) -> dict[str, Any]:
    """Return the form of a pool that is to be made."""
    return {"stored": None, "default": DEFAULT_POOL}


@operation("pools.change")
def pool_form(context: Context, *, name: str) -> dict[str, Any]:
    """Return the form of a pool."""
    return {"stored": get_pool(context, name=name), "default": DEFAULT_POOL}


PAGES = (
    Page("/pools", pool_list, "pools.html", query=ListPageQuery, menu=Menu("Admin", "Pools", 2)),
    Page("/pools/new", pool_new, "pool.html"),
    Page("/pools/edit/{pool_name}", pool_form, "pool.html"),
)
