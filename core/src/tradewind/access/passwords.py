"""The administrator's password: made once, shown once, kept only as a hash (scrypt) in TRADEWIND_HOME."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from werkzeug.security import check_password_hash, generate_password_hash

ADMIN = "admin"
HASH_FILE = "admin.password-hash"


def make_admin_password(home: Path) -> str | None:
    """Make a password if there is none yet.

    Returns:
        the password, to be shown this once; None where there already is one.
    """
    path = home / HASH_FILE
    password = secrets.token_urlsafe(12)
    home.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return None
    with os.fdopen(descriptor, "w") as file:
        file.write(generate_password_hash(password))
    return password


class Administrator:
    """Checks the administrator's name and password against the hash in the home."""

    def __init__(self, home: Path) -> None:
        self._path = home / HASH_FILE
        self._known: tuple[str, str] | None = None

    def accepts(self, name: str | None, password: str | None) -> bool:
        """Tell whether these are the administrator's; false for everybody while there is no password."""
        try:
            stored = self._path.read_text()
        except FileNotFoundError:
            return False
        given = password or ""
        # scrypt costs some 50 ms on purpose; a page that refreshes itself asks with the same password each time
        known = self._known is not None and self._known[0] == stored and secrets.compare_digest(self._known[1], given)
        if not known and not check_password_hash(stored, given):
            return False
        self._known = (stored, given)
        return secrets.compare_digest(name or "", ADMIN)
