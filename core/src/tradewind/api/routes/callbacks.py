"""Callbacks that are owed; Airflow has no list of them."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.callbacks import (
    CallbackCollection,
    CallbackListQuery,
    CallbacksBody,
    ChangedCallbacksSchema,
)
from tradewind.operations import callbacks

ROUTES = (
    Route("GET", "/callbacks", callbacks.list_callbacks, query=CallbackListQuery, answer=CallbackCollection),
    Route("POST", "/callbacks/retry", callbacks.retry_callbacks, body=CallbacksBody, answer=ChangedCallbacksSchema),
    Route("POST", "/callbacks/discard", callbacks.discard_callbacks, body=CallbacksBody, answer=ChangedCallbacksSchema),
)
