"""API tokens of one's own: what programs say who they are with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tradewind.access.tokens import NewToken, TokenRequestError, make_token
from tradewind.metadata.statements import tokens, users
from tradewind.metadata.statements.tokens import Token
from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.errors import ClosedError, InvalidError, NotFoundError
from tradewind.operations.paging import Page, Paging

NOBODY = -1


@dataclass(frozen=True, slots=True)
class ShownOnce:
    """A token that was just made: its text is shown this once."""

    token: str
    made: Token


@operation("tokens.list")
def list_tokens(context: Context, *, page: Paging) -> Page[Token]:
    """Return one's own API tokens, without what is secret of them, the newest last."""
    with context.read() as connection:
        found = tokens.list_tokens(connection, user_id=_user_id(context))
    return Page(found[page.offset : page.offset + page.limit], len(found))


@operation("tokens.create")
def create_token(
    context: Context,
    *,
    name: str,
    days: float | None = None,
    scopes: Sequence[str] | None = None,
    dags: Sequence[str] | None = None,
) -> ShownOnce:
    """Make an API token for oneself; its text is in this answer and nowhere else.

    Arguments:
        name: what it is for.
        days: how long it is good for; by default `security.token_days`.
        scopes: patterns of operations' names that it is for; None for all.
        dags: the DAGs that it is for; None for all.
    Raises:
        ClosedError: one has come with a token: it could make itself live longer and do more.
        InvalidError: nobody can make such a token.
        NotFoundError: the caller is no user.
    """
    if context.actor.via == "token":
        raise ClosedError("An API token makes no other tokens: log in with a password to make one.")
    security = context.tools.config.security

    def work(connection: sa.Connection, entry: Entry) -> ShownOnce:
        if users.identify_id(connection, _user_id(context)) is None:
            raise NotFoundError(f"{context.actor.name} is no user: only users have tokens.", error_id="no-such-user")
        made = make_token(
            connection,
            user_id=_user_id(context),
            name=name,
            scopes=scopes,
            dags=dags,
            days=security.token_days if days is None else days,
            most_days=security.token_days_max,
            now=context.tools.clock.now(),
            ids=context.ids,
        )
        entry.after = {"id": made.lookup, "name": name, "expires_at": made.expires_at, "scopes": scopes, "dags": dags}
        return _shown(connection, context, made)

    try:
        return context.change(work, wakes=())
    except TokenRequestError as error:
        raise InvalidError("token", str(error), error_id="account-refused") from error


@operation("tokens.revoke")
def revoke_token(context: Context, *, lookup: str) -> None:
    """Revoke an API token of one's own, at once and for good.

    Arguments:
        lookup: the part by which lists show it; the whole token will do.
    Raises:
        NotFoundError: one has no such token that was not revoked.
    """
    public = lookup.removeprefix("twd_")[:12]

    def work(connection: sa.Connection, entry: Entry) -> None:
        entry.before = entry.after = {"id": public}
        now = context.tools.clock.now()
        if not tokens.revoke_token(connection, public, now=now, user_id=_user_id(context)):
            raise NotFoundError(f"You have no API token {public!r} that was not revoked.", error_id="no-such-token")

    context.change(work, wakes=())


def _shown(connection: sa.Connection, context: Context, made: NewToken) -> ShownOnce:
    found = tokens.list_tokens(connection, user_id=_user_id(context))
    return ShownOnce(made.text, next(each for each in found if each.lookup == made.lookup))


def _user_id(context: Context) -> int:
    return NOBODY if context.actor.user_id is None else context.actor.user_id
