"""Asking before something is lost."""

from __future__ import annotations

from tradewind.cli.errors import CommandError


def ask(is_sure: bool, question: str) -> None:
    """Go on if the user said so, beforehand or now.

    Raises:
        CommandError: nobody did.
    """
    if is_sure:
        return
    try:
        answer = input(f"{question} [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() not in {"y", "yes"}:
        raise CommandError("Nothing was done. To go on without being asked, add --yes.")
