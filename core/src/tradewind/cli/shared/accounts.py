"""What the commands about users, roles and tokens share."""

from __future__ import annotations

import argparse
import getpass
import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tradewind.access.accounts import AccountError, Accounts, TakenError, UnknownRoleError, UnknownUserError
from tradewind.access.actors import local_actor
from tradewind.access.passwords import WeakPasswordError, random_password
from tradewind.cli.errors import CommandError
from tradewind.cli.shared.session import Session, open_session
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.ids import RandomIds

CLOCK = SystemClock()
ERRORS: dict[type[Exception], str] = {
    UnknownUserError: "no-such-user",
    UnknownRoleError: "no-such-role",
    TakenError: "already-exists",
    WeakPasswordError: "password-refused",
    AccountError: "account-refused",
}


def accounts_of(session: Session) -> Accounts:
    """Return what changes users and roles for who sits at this command line."""
    shortest = session.config.security.password_length
    rule = _rule(session.config.web.config_file)
    return Accounts(local_actor(), CLOCK.now, RandomIds(CLOCK.now), shortest=shortest, validate=rule)


def _rule(path: Path) -> Callable[[str], object] | None:
    """Return the rule for passwords of `webserver_config.py`; one that says none is not read, as that takes half a second."""
    if not path.exists() or b"FAB_PASSWORD_COMPLEXITY" not in path.read_bytes():
        return None
    settings = importlib.import_module("tradewind.access.fab.settings")
    found: Callable[[str], object] | None = settings.password_rule(settings.read_settings(path))
    return found


@contextmanager
def opened() -> Iterator[tuple[Session, Accounts]]:
    """Yield the open database, and what changes users and roles; their errors become lines for people.

    Raises:
        CommandError: what is wrong.
    """
    with open_session() as session:
        try:
            yield session, accounts_of(session)
        except tuple(ERRORS) as error:
            raise CommandError(str(error), error_id=ERRORS[type(error)]) from error


def add_password_options(parser: argparse.ArgumentParser) -> None:
    """Add `--password` and `--use-random-password`."""
    parser.add_argument(
        "-p", "--password", help="the password; others on this machine can see it, so better leave it out and be asked"
    )
    parser.add_argument("--use-random-password", action="store_true", help="make one, and print it this once")


def wanted_password(options: argparse.Namespace) -> str:
    """Return the password: given, made, or asked for twice without an echo; from a pipe one line is read.

    Raises:
        CommandError: the two differ, or there is none.
    """
    if options.use_random_password:
        return random_password()
    if options.password is not None:
        return str(options.password)
    if not sys.stdin.isatty():
        line = sys.stdin.readline().rstrip("\n")
        if not line:
            raise CommandError(
                "Nobody can be asked for a password here: give --use-random-password, or one line on standard input.",
                exit_code=2,
                error_id="wrong-usage",
            )
        return line
    first = getpass.getpass("Password: ")
    if first != getpass.getpass("Again: "):
        raise CommandError("The two are not the same: nothing was done.", error_id="password-refused")
    return first


def tell_password(options: argparse.Namespace, username: str, password: str) -> None:
    """Print a password that was made, this once."""
    if options.use_random_password:
        print(f"Password of {username}: {password}  (shown only this once)")
