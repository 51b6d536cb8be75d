"""Giving the built-in roles what they give in this release."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.accounts import SyncBody, SyncedSchema
from tradewind.operations import role_sync

ROUTES = (Route("POST", "/roles/sync", role_sync.sync_built_in_roles, body=SyncBody, answer=SyncedSchema),)
