"""Pools."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.pools import (
    PoolBody,
    PoolChange,
    PoolChangeQuery,
    PoolCollection,
    PoolListQuery,
    PoolSchema,
)
from tradewind.operations import pools

ROUTES = (
    Route("GET", "/pools", pools.list_pools, query=PoolListQuery, answer=PoolCollection, name="get_pools"),
    Route("POST", "/pools", pools.create_pool, body=PoolBody, answer=PoolSchema, name="post_pool"),
    Route("GET", "/pools/{pool_name}", pools.get_pool, answer=PoolSchema),
    Route(
        "PATCH",
        "/pools/{pool_name}",
        pools.change_pool,
        query=PoolChangeQuery,
        body=PoolChange,
        answer=PoolSchema,
        name="patch_pool",
    ),
    Route("DELETE", "/pools/{pool_name}", pools.delete_pool, status=204),
)
