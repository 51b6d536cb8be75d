"""Limited login attempts, counted in the database so that they hold over several servers. Nobody is locked out for good."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from tradewind.config.sections import SecuritySection
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import logins


class TooManyAttemptsError(Exception):
    """Too many wrong passwords of late.

    Arguments:
        seconds: after which one may try again.
    """

    def __init__(self, seconds: int) -> None:
        minutes = math.ceil(seconds / 60)
        super().__init__(f"Too many wrong passwords: try again in {minutes} minute{'s' if minutes != 1 else ''}.")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Attempts:
    """How many wrong passwords there may be.

    Arguments:
        by_name, by_address: for one name and from one address, within the window.
    """

    by_name: int
    by_address: int
    window: timedelta

    @classmethod
    def of(cls, section: SecuritySection) -> Attempts:
        """Return what the configuration says."""
        return cls(section.login_attempts, section.login_attempts_address, timedelta(minutes=section.login_window))

    def require_allowed(self, connection: sa.Connection, name: str, address: str, *, now: datetime) -> bool:
        """Return if a password may be tried now, and whether wrong ones have to be forgotten if it is right.

        Raises:
            TooManyAttemptsError: it may not, whether or not it would be right.
        """
        found = logins.failures(connection, _hash(name), address, since=now - self.window)
        for count, most, first in (
            (found.by_name, self.by_name, found.first_by_name),
            (found.by_address, self.by_address, found.first_by_address),
        ):
            if count >= most and first is not None:
                raise TooManyAttemptsError(max(1, math.ceil((first + self.window - now).total_seconds())))
        return found.by_name > 0

    def note_wrong(self, connection: sa.Connection, name: str, address: str, *, now: datetime, ids: Ids) -> None:
        """Count a wrong password."""
        since = now - self.window
        logins.add_failure(connection, id=ids.block(1)[0], name=_hash(name), address=address[:64], now=now, since=since)

    def forget(self, connection: sa.Connection, name: str) -> None:
        """Forget the wrong passwords for a name."""
        logins.forget_failures(connection, _hash(name))


def _hash(name: str) -> str:
    return hashlib.sha256(name.casefold().encode(errors="surrogatepass")).hexdigest()
