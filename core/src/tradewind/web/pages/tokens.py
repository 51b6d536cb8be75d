"""API tokens: one's own, made once and shown once; those of others for who may see users."""

from __future__ import annotations

from typing import Any

from tradewind.metadata.statements.tokens import Token
from tradewind.operations.context import Context, operation
from tradewind.operations.paging import Paging
from tradewind.operations.tokens import CHANGE_OTHERS, READ_OTHERS, list_tokens
from tradewind.web.pages.admin_schemas import TokensQuery
from tradewind.web.pages.page import Menu, Page


@operation("tokens.list")
def token_list(context: Context, *, page: Paging, everybody: bool = False) -> dict[str, Any]:
    """Return API tokens without what is secret of them.

    Arguments:
        everybody: those of all users, for who may list users; else one's own.
    """
    sees_others = context.may(READ_OTHERS)
    found = list_tokens(context, page=page, everybody=everybody)
    now = context.tools.clock.now()
    security = context.tools.config.security

    def state(token: Token) -> str:
        if token.revoked_at is not None:
            return "revoked"
        return "expired" if token.expires_at <= now else "good"

    return {
        "tokens": [(each, state(each)) for each in found.rows],
        "total": found.total,
        "page": page,
        "everybody": everybody and sees_others,
        "sees_others": sees_others,
        "revokes_others": context.may(CHANGE_OTHERS),
        # A token makes no others
        "can_make": context.may("tokens.create") and context.actor.via != "token",
        "days": security.token_days,
        "most_days": security.token_days_max,
    }


PAGES = (Page("/tokens", token_list, "tokens.html", query=TokensQuery, menu=Menu("Security", "API tokens", 2)),)
