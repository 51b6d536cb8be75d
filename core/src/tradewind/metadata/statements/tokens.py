"""Statements about API tokens. Of a token itself only its hash is here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from tradewind.metadata.access_tables import ab_user, api_token

_token = api_token.c


@dataclass(frozen=True, slots=True)
class Token:
    """A token without what is secret.

    Arguments:
        lookup: the part by which it is known, also to people.
        scopes, dags: what it is cut down to; None for nothing.
    """

    id: int
    lookup: str
    username: str
    name: str
    scopes: tuple[str, ...] | None
    dags: tuple[str, ...] | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def add_token(
    connection: sa.Connection,
    *,
    id: int,  # noqa: A002  (the column's name)
    lookup: str,
    secret_hash: str,
    user_id: int,
    name: str,
    scopes: Sequence[str] | None,
    dags: Sequence[str] | None,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Insert a token."""
    connection.execute(
        sa.insert(api_token).values(
            id=id,
            lookup=lookup,
            secret_hash=secret_hash,
            user_id=user_id,
            name=name,
            scopes=None if scopes is None else json.dumps(list(scopes)),
            dags=None if dags is None else json.dumps(list(dags)),
            created_at=now,
            expires_at=expires_at,
        )
    )


def list_tokens(connection: sa.Connection, *, user_id: int | None = None) -> list[Token]:
    """Return the tokens of a user, or of all, the newest last."""
    query = sa.select(api_token, ab_user.c.username).join(ab_user, ab_user.c.id == _token.user_id).order_by(_token.id)
    if user_id is not None:
        query = query.where(_token.user_id == user_id)
    return [
        Token(
            row.id,
            row.lookup,
            row.username,
            row.name,
            listed(row.scopes),
            listed(row.dags),
            row.created_at,
            row.expires_at,
            row.last_used_at,
            row.revoked_at,
        )
        for row in connection.execute(query)
    ]


def revoke_token(connection: sa.Connection, lookup: str, *, now: datetime, user_id: int | None = None) -> bool:
    """Revoke a token, of a user where one is named; tell whether there was such a one that was not revoked yet."""
    statement = sa.update(api_token).where(_token.lookup == lookup, _token.revoked_at.is_(None))
    if user_id is not None:
        statement = statement.where(_token.user_id == user_id)
    return connection.execute(statement.values(revoked_at=now)).rowcount > 0


def note_use(connection: sa.Connection, token_id: int, *, now: datetime, before: datetime) -> None:
    """Write when a token was last used, unless it was written since `before`: of requests that come together one does."""
    is_old = sa.or_(_token.last_used_at.is_(None), _token.last_used_at <= before)
    connection.execute(sa.update(api_token).where(_token.id == token_id, is_old).values(last_used_at=now))


def listed(text: str | None) -> tuple[str, ...] | None:
    """Return the values of a column that holds a JSON list."""
    return None if text is None else tuple(json.loads(text))
