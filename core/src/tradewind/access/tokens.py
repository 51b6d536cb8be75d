"""API tokens: `twd_`, a public part by which a token is looked up, and 256 random bits, of which only a hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

import sqlalchemy as sa

from tradewind.access.operations import TABLE
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import tokens

PREFIX = "twd_"
LOOKUP_BYTES = 6
FORM = re.compile(r"twd_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")
USE_NOTED = timedelta(minutes=1)
"""How often it is written when a token was last used."""


class TokenRequestError(ValueError):
    """Such a token is not made; the text says why."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made. `text` is the secret itself, which is shown this once."""

    text: str
    lookup: str
    expires_at: datetime


def make_token(
    connection: sa.Connection,
    *,
    user_id: int,
    name: str,
    scopes: Sequence[str] | None,
    dags: Sequence[str] | None,
    days: float,
    most_days: float,
    now: datetime,
    ids: Ids,
) -> NewToken:
    """Make a token for a user.

    Arguments:
        name: what it is for, for people.
        scopes: patterns of operations' names such as `runs.*`; None for all that the user may do.
        dags: ids of the DAGs that it is for; None for all.
        days: how long it is good for.
        most_days: how long it may be good for.
    Raises:
        TokenRequestError: the name is empty, a scope fits no operation, or it is to last too long.
    """
    if not name.strip() or len(name) > 250:
        raise TokenRequestError("A token needs a name of up to 250 characters, which says what it is for.")
    if not 0 < days <= most_days:
        raise TokenRequestError(f"A token is good for more than 0 and at most {most_days:g} days, not {days:g}.")
    for scope in scopes or ():
        if not any(fnmatchcase(operation, scope) for operation in TABLE):
            raise TokenRequestError(f"The scope {scope!r} fits no operation: write names or patterns such as runs.*.")
    for what, given in (("scopes", scopes), ("DAGs", dags)):
        if given is not None and not given:
            raise TokenRequestError(f"A token without {what} could do nothing: name some, or leave them out for all.")
    lookup = secrets.token_hex(LOOKUP_BYTES)
    text = f"{PREFIX}{lookup}_{secrets.token_urlsafe(32)}"
    expires_at = now + timedelta(days=days)
    tokens.add_token(
        connection,
        id=ids.block(1)[0],
        lookup=lookup,
        secret_hash=hash_of(text),
        user_id=user_id,
        name=name.strip(),
        scopes=scopes,
        dags=dags,
        now=now,
        expires_at=expires_at,
    )
    return NewToken(text, lookup, expires_at)


def lookup_of(text: str) -> str | None:
    """Return the public part of a token; None for what is no token."""
    found = FORM.fullmatch(text)
    return found[1] if found else None


def hash_of(text: str) -> str:
    """Return what is stored of a token: of so many random bits a plain hash is enough."""
    return hashlib.sha256(text.encode()).hexdigest()


def is_same(stored: str, text: str) -> bool:
    """Tell whether a token is the one of a stored hash."""
    return hmac.compare_digest(stored, hash_of(text))
