"""API tokens: what programs say who they are with. One's own, and those of others for who may manage users."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tradewind.access.authorization import authorize
from tradewind.access.operations import TABLE
from tradewind.access.tokens import NewToken, TokenRequestError, make_token
from tradewind.metadata.statements import tokens, users
from tradewind.metadata.statements.tokens import Token
from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.errors import ClosedError, InvalidError, NotFoundError
from tradewind.operations.paging import Page, Paging

NOBODY = -1
READ_OTHERS, CHANGE_OTHERS = "users.list", "users.change"  # operations


@dataclass(frozen=True, slots=True)
class ShownOnce:
    """A token that was just made: its text is shown this once."""

    token: str
    made: Token


@operation("tokens.list")
def list_tokens(context: Context, *, page: Paging, username: str | None = None, everybody: bool = False) -> Page[Token]:
    """Return API tokens, without what is secret of them, the newest last: one's own, unless others are asked for.

    Arguments:
        username: those of this user, which takes the permission to list users.
        everybody: those of all users, where the caller may list users; else one's own.
    Raises:
        NotFoundError: there is no such user.
    """
    with context.read() as connection:
        is_all = username is None and everybody and context.may(READ_OTHERS)
        user_id = None if is_all else _user_id(connection, context, username, READ_OTHERS)
        found = tokens.list_tokens(connection, user_id=user_id)
    return Page(found[page.offset : page.offset + page.limit], len(found))


@operation("tokens.create")
def create_token(
    context: Context,
    *,
    name: str,
    username: str | None = None,
    days: float | None = None,
    scopes: Sequence[str] | None = None,
    dags: Sequence[str] | None = None,
) -> ShownOnce:
    """Make an API token; its text is in this answer and nowhere else.

    Arguments:
        name: what it is for.
        username: who acts by it; oneself by default. For others it takes the permission to change users, who could give them
            another password and log in as well.
        days: how long it is good for; by default `security.token_days`.
        scopes: patterns of operations' names that it is for; None for all.
        dags: the DAGs that it is for; None for all.
    Raises:
        ClosedError: one has come with a token: it could make itself live longer and do more.
        InvalidError: nobody can make such a token.
        NotFoundError: there is no such user, or the caller is none.
    """
    if context.actor.via == "token":
        raise ClosedError("An API token makes no other tokens: log in with a password to make one.")
    security = context.tools.config.security

    def work(connection: sa.Connection, entry: Entry) -> ShownOnce:
        user_id = _user_id(connection, context, username, CHANGE_OTHERS)
        if users.identify_id(connection, user_id) is None:
            raise NotFoundError(f"{context.actor.name} is no user: only users have tokens.", error_id="no-such-user")
        made = make_token(
            connection,
            user_id=user_id,
            name=name,
            scopes=scopes,
            dags=dags,
            days=security.token_days if days is None else days,
            most_days=security.token_days_max,
            now=context.tools.clock.now(),
            ids=context.ids,
        )
        entry.after = {"id": made.lookup, "name": name, "username": username or context.actor.name}
        entry.after |= {"expires_at": made.expires_at, "scopes": scopes, "dags": dags}
        return _shown(connection, user_id, made)

    try:
        return context.change(work, wakes=())
    except TokenRequestError as error:
        raise InvalidError("token", str(error), error_id="account-refused") from error


@operation("tokens.revoke")
def revoke_token(context: Context, *, lookup: str, everybody: bool = False) -> None:
    """Revoke an API token, at once and for good.

    Arguments:
        lookup: the part by which lists show it; the whole token will do.
        everybody: that of another user as well, where the caller may change users; else one's own only.
    Raises:
        NotFoundError: there is no such token that was not revoked.
    """
    public = lookup.removeprefix("twd_")[:12]

    def work(connection: sa.Connection, entry: Entry) -> None:
        entry.before = entry.after = {"id": public}
        now = context.tools.clock.now()
        user_id = None if everybody and context.may(CHANGE_OTHERS) else _own(context)
        if not tokens.revoke_token(connection, public, now=now, user_id=user_id):
            raise NotFoundError(f"You have no API token {public!r} that was not revoked.", error_id="no-such-token")

    context.change(work, wakes=())


def _shown(connection: sa.Connection, user_id: int, made: NewToken) -> ShownOnce:
    found = tokens.list_tokens(connection, user_id=user_id)
    return ShownOnce(made.text, next(each for each in found if each.lookup == made.lookup))


def _user_id(connection: sa.Connection, context: Context, username: str | None, needed: str) -> int:
    """Return whose tokens are meant.

    Arguments:
        username: None for the caller.
        needed: the operation that one has to be allowed, where it is another user; also to hear that there is none.
    """
    own = _own(context)
    if username is None or (own != NOBODY and username == context.actor.name):
        return own
    authorize(context.actor, TABLE[needed])
    found = users.find_user(connection, username=username)
    if found is None:
        raise NotFoundError(f"There is no user {username!r}.", error_id="no-such-user")
    return found.id


def _own(context: Context) -> int:
    return NOBODY if context.actor.user_id is None else context.actor.user_id
