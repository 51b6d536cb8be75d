"""API tokens; Airflow has none."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.accounts import (
    NewTokenSchema,
    TokenBody,
    TokenCollection,
    TokenListQuery,
    TokenRevokeQuery,
)
from tradewind.operations import tokens

ROUTES = (
    Route("GET", "/tokens", tokens.list_tokens, query=TokenListQuery, answer=TokenCollection),
    Route("POST", "/tokens", tokens.create_token, body=TokenBody, answer=NewTokenSchema),
    Route("DELETE", "/tokens/{token_id}", tokens.revoke_token, query=TokenRevokeQuery, status=204),
)
