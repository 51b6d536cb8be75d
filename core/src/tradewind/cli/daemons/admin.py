"""The administrator's password, made by whichever command first serves the page."""

from __future__ import annotations

from pathlib import Path

from tradewind.access.passwords import ADMIN, make_admin_password


def tell_admin_password(home: Path) -> None:
    """Make the password in this home if there is none yet, and print it, this once."""
    password = make_admin_password(home)
    if password is not None:
        print(f"Log in as {ADMIN}, password: {password}  (shown only this once)", flush=True)
