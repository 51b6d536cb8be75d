"""Deferral in the worker: what is stored is encrypted, as users gave it, and read again for who goes on with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from tradewind.execution.deferrals import NOTHING
from tradewind.execution.instants import microseconds
from tradewind.metadata.secrets import Cipher
from tradewind.metadata.statements import deferrals as statements
from tradewind.transitions.values import Outcome, Ticket


def encrypted(outcome: Outcome, cipher: Cipher) -> Outcome:
    """Return an outcome as it is stored: what users gave may be secret."""
    found = outcome.deferral
    if found is None:
        return outcome
    hidden = replace(
        found, kwargs=cipher.encrypt(found.kwargs), method_kwargs=cipher.encrypt(found.method_kwargs)
    )  # fmt: skip
    return replace(outcome, deferral=hidden)


def resumptions(conn: sa.Connection, claimed: Iterable[Ticket], cipher: Cipher) -> dict[int, dict[str, Any]]:
    """Return the fields of the start messages of those tries that go on, by instance."""
    tokens = {each.instance: each.token for each in claimed if each.token > 1}
    if not tokens:
        return {}
    return {
        row.instance: {
            "resume": [
                row.method,
                cipher.decrypt(row.method_kwargs, of="what a deferred task goes on with"),
                row.ending,
                NOTHING if row.event is None else cipher.decrypt(row.event, of="what a trigger has found"),
            ],
            "began_at": microseconds(row.began_at),
        }
        for row in statements.resumptions(conn, tokens)
        if row.token + 1 == tokens[row.instance]
    }
