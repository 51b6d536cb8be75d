"""Who acts: a user with all permissions of their roles, cut down to what a token grants."""

from __future__ import annotations

import getpass
from dataclasses import dataclass

from tradewind.access.operations import Permission


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who does something, as a value: nothing is read from the database to decide what they may do.

    Arguments:
        name: the user's name, as the audit log has it.
        user_id: the key in the table of users; None for the command line beside the database.
        permissions: those of all roles together; None may do everything.
        scopes: patterns of operations' names that the token is for; None where no token cuts anything down.
        dags: ids of the DAGs that the token is for; None for all.
        via: how they came: `password`, `session`, `token`, `remote_user`, `public` or `cli`.
    """

    name: str
    user_id: int | None
    permissions: frozenset[Permission] | None
    scopes: tuple[str, ...] | None = None
    dags: frozenset[str] | None = None
    via: str = "session"


def local_actor() -> Actor:
    """Return who acts at a command line that has the database's URL: with it one can do everything anyway."""
    return Actor(getpass.getuser(), None, None, via="cli")
