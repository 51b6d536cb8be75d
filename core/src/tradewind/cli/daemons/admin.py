"""The first user's password, told by whichever command first serves the page."""

from __future__ import annotations

from pathlib import Path

from tradewind.access.first_user import NAME, has_users, make_first_user, make_password_ahead
from tradewind.cli.shared.accounts import CLOCK
from tradewind.cli.shared.session import Session, open_session
from tradewind.config import Config


def tell_admin_password_ahead(config: Config) -> None:
    """Make the password and print it, this once, while there is a terminal: the daemon that makes the user has none."""
    if not _has_users():
        _tell(make_password_ahead(config.home))


def tell_admin_password(session: Session) -> None:
    """Make the user `admin` if there is no user yet, and print the password, this once."""
    _tell(make_first_user(session.database, session.config.home, now=CLOCK.now))


def _has_users() -> bool:
    with open_session(check=False) as session:
        path = session.database.url.database
        is_missing = session.database.dialect == "sqlite" and path is not None and not Path(path).exists()
        return not is_missing and bool(has_users(session.database))


def _tell(password: str | None) -> None:
    if password is not None:
        print(f"Log in as {NAME}, password: {password}  (shown only this once)", flush=True)
