"""What the commands about users and their passwords share."""

from __future__ import annotations

import argparse
import getpass
import sys

from tradewind.access.passwords import random_password
from tradewind.cli.errors import CommandError
from tradewind.metadata.clock import SystemClock

CLOCK = SystemClock()


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
