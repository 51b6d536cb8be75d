"""How verbs have operations done: beside the database, or by the server that `--server` names."""

from __future__ import annotations

import argparse
import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol, TypeVar

from tradewind.access.actors import local_actor
from tradewind.cli.errors import CommandError
from tradewind.cli.shared.password_rule import check_password
from tradewind.cli.shared.session import Session, open_session
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.wakeups import open_wakeups
from tradewind.operations.context import Context, Named, Tools
from tradewind.operations.errors import NotFoundError
from tradewind.operations.lines import Lines
from tradewind.operations.paging import ALL, Page, Paging

Result = TypeVar("Result")
TOKEN = "TRADEWIND_TOKEN"  # noqa: S105 - the name of the variable, not its value


class Operations(Protocol):
    """Has operations done."""

    def ask(self, run: Named[..., Result], **arguments: Any) -> Result:
        """Have one done and return its result; raises what it raises."""
        ...

    def ask_all(self, run: Named[..., Page[Result]], *, page: Paging = ALL, **arguments: Any) -> list[Result]:
        """Return the rows of a list: all, or those that `page` asks for, however many a server gives at once."""
        ...

    def ask_lines(self, run: Named[..., Lines], **arguments: Any) -> Generator[Mapping[str, Any], None, None]:
        """Have one done that tells line by line, and yield each line when it is known; raises as `ask` does."""
        ...


class LocalOperations:
    """Does operations in this process, in the name of whoever runs it."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def ask(self, run: Named[..., Result], **arguments: Any) -> Result:
        """See `Operations.ask`."""
        return run(self._context, **arguments)

    def ask_all(self, run: Named[..., Page[Result]], *, page: Paging = ALL, **arguments: Any) -> list[Result]:
        """See `Operations.ask_all`."""
        return list(run(self._context, page=page, **arguments).rows)

    def ask_lines(self, run: Named[..., Lines], **arguments: Any) -> Generator[Mapping[str, Any], None, None]:
        """See `Operations.ask_lines`."""
        told = run(self._context, **arguments)
        try:
            yield from told.lines
        finally:
            told.close()


@contextmanager
def open_operations(options: argparse.Namespace, *, changes_states: bool = False) -> Iterator[Operations]:
    """Open the database, or the connection to a server, until the block ends.

    Arguments:
        options: of the command line; `server` is the URL of the server, if one is to do it.
        changes_states: see `open_session`.
    """
    if getattr(options, "server", None):
        # Only where a server is named: no command beside the database waits for what speaks with one
        from tradewind.cli.remote.http import Server  # noqa: PLC0415
        from tradewind.cli.remote.operations import RemoteOperations  # noqa: PLC0415

        server = Server(options.server, os.environ.get(TOKEN, ""))
        try:
            yield RemoteOperations(server)
        finally:
            server.close()
        return
    with open_session(changes_states=changes_states) as session, beside(session) as operations:
        yield operations


@contextmanager
def beside(session: Session) -> Iterator[LocalOperations]:
    """Do operations in an open session, for verbs that look things up by other names first."""
    wakeups = open_wakeups(session.database, session.config.home)
    try:
        yield LocalOperations(local_context(session, wakeups))
    finally:
        wakeups.close()


@contextmanager
def when_missing(sentence: str, error_id: str) -> Iterator[None]:
    """Say in these words that something does not exist, which the block asks for.

    Raises:
        CommandError: the operation found nothing.
    """
    try:
        yield
    except NotFoundError as error:
        raise CommandError(sentence, error_id=error_id) from error


def local_context(session: Session, wakeups: Any) -> Context:
    """Return what operations are given at a command line beside the database."""
    rule = partial(check_password, session.config.web.config_file)
    tools = Tools(session.config, session.database, SystemClock(), wakeups, password_rule=rule)
    return Context(local_actor(), tools)
