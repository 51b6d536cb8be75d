"""The first user: `admin`, with a password that is printed once, where nobody can log in yet."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from tradewind.access.passwords import hash_password, random_password
from tradewind.access.roles import ADMIN, ensure_roles
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import users

NAME = "admin"
EMAIL = "admin@localhost"
HASH_FILE = "admin.password-hash"
"""Where the password waits for a database to be put into; also where it was kept before there were users."""


def make_password_ahead(home: Path) -> str | None:
    """Make the password before there is a database that it could be put into, and keep its hash.

    Returns:
        the password, to be shown this once; None where one waits already.
    """
    password = random_password()
    home.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(home / HASH_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return None
    with os.fdopen(descriptor, "w") as file:
        file.write(hash_password(password))
    return password


def has_users(database: Database) -> bool | None:
    """Tell whether somebody can log in; None where the database cannot be asked, or has no such table yet."""
    try:
        with database.read() as connection:
            return users.count_users(connection) > 0
    except DBAPIError:
        return None


def make_first_user(database: Database, home: Path, *, now: Callable[[], datetime]) -> str | None:
    """Make the built-in roles, and the user `admin` where there is no user; what waits in the home is carried over.

    Returns:
        the password, to be shown this once; None where nobody was made, or the password was shown before.
    """
    path = home / HASH_FILE
    try:
        waiting = path.read_text().strip()
    except FileNotFoundError:
        waiting = ""
    password = "" if waiting else random_password()
    stored = waiting or hash_password(password)

    def make(connection: sa.Connection) -> bool:
        ensure_roles(connection)
        if users.count_users(connection):
            return False
        users.add_user(
            connection,
            username=NAME,
            first_name="First",
            last_name="Administrator",
            email=EMAIL,
            password_hash=stored,
            roles=[ADMIN],
            now=now(),
        )
        return True

    is_made = database.write(make, collisions=True)
    path.unlink(missing_ok=True)
    return password if is_made and password else None
