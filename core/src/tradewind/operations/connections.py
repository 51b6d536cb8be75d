"""Connections: how to reach other systems. Their secrets are written, but never shown."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindNotFoundException

from tradewind.metadata import credentials
from tradewind.metadata.credentials import Answer, find_connection
from tradewind.metadata.secrets import Cipher, open_cipher
from tradewind.metadata.statements import connections
from tradewind.metadata.statements.connections import PLAIN, SECRET
from tradewind.operations.connection_testing import test_connection
from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.errors import BusyError, ClosedError, ConflictError, InvalidError, NotFoundError
from tradewind.operations.paging import Page, Paging
from tradewind.operations.starring import STARS, starred_extra, unstarred_extra
from tradewind.plugins.secrets import configured_secrets

TEST_SECONDS = 30.0
TESTS_AT_ONCE = 2
_tests = threading.BoundedSemaphore(TESTS_AT_ONCE)


@operation("connections.list")
def list_connections(
    context: Context,
    *,
    page: Paging,
    conn_id: str | None = None,
    with_extra: bool = False,
    conn_type: str | None = None,
    pattern: str | None = None,
) -> Page[Connection]:
    """Return the connections in the database, by id or in another order of `connections.ORDERS`; secrets are stars.

    What secrets backends have is not listed: they can only be asked for one.

    Arguments:
        conn_id: the one of that id only.
        with_extra: show what is not secret of extras, in place of stars for the whole; unreadable ones stay stars.
        conn_type: those of that type only.
        pattern: those only that have this text in their id, their host or their description.
    """
    with context.read() as connection:
        total = connections.count(connection, conn_id=conn_id, conn_type=conn_type, pattern=pattern)
        rows = connections.page_masked(
            connection,
            limit=page.limit,
            offset=page.offset,
            order_by=page.order_by,
            is_descending=page.is_descending,
            conn_id=conn_id,
            conn_type=conn_type,
            pattern=pattern,
            cipher=_cipher(context) if with_extra else None,
        )
    return Page([_shown(each) for each in rows] if with_extra else rows, total)


@operation("connections.get")
def get_connection(context: Context, *, conn_id: str) -> Connection:
    """Return a connection of the database; of its extra what is secret is stars, and its password is.

    Raises:
        NotFoundError: there is no connection of that id.
    """
    with context.read() as connection:
        return _shown(_require(connection, conn_id, _cipher(context)))


@operation("connections.explain")
def explain_connection(context: Context, *, conn_id: str) -> dict[str, list[Answer]]:
    """Return under `places` what each place says of a connection, in the order in which they are asked; no secret is shown.

    All are asked, also those behind the one whose answer counts. That there is none anywhere is no error here.
    """
    secrets = configured_secrets(context.tools.config.plugins)
    found = credentials.explain_connection(context.tools.database, conn_id, cipher=_cipher(context), secrets=secrets)
    return {"places": found}


@operation("connections.create")
def create_connection(context: Context, *, values: Mapping[str, Any]) -> Connection:
    """Create a connection.

    Arguments:
        values: `conn_id` and `conn_type`, and any of its other parts.
    Raises:
        ConflictError: there is one of that id.
    """
    wanted, cipher = Connection(**values), _cipher(context)

    def work(connection: sa.Connection, entry: Entry) -> Connection:
        if connections.existing(connection, [wanted.conn_id]):
            raise ConflictError(f"There already is a connection {wanted.conn_id!r}.")
        entry.after = _told(wanted)
        connections.add_connection(connection, wanted, cipher=cipher)
        return _shown(wanted)

    try:
        return context.change(work, wakes=())
    except IntegrityError as error:
        raise ConflictError(f"There already is a connection {wanted.conn_id!r}.") from error


@operation("connections.change")
def change_connection(context: Context, *, conn_id: str, values: Mapping[str, Any]) -> Connection:
    """Change a connection.

    Arguments:
        values: any of its parts; what is left out stays, and so do secrets for which there are only stars.
    Raises:
        NotFoundError: there is no connection of that id.
        InvalidError: it would get another id.
    """
    if values.get("conn_id", conn_id) != conn_id:
        raise InvalidError(
            "connection_id", f"Connection {conn_id!r} cannot be renamed: create {values['conn_id']!r} beside it."
        )
    cipher = _cipher(context)

    def work(connection: sa.Connection, entry: Entry) -> Connection:
        found = _require(connection, conn_id, cipher)
        parts = {name: getattr(found, name) for name in (*PLAIN, *SECRET)} | dict(values)
        # By what either type declares as secret: the stars were written by the rules of the one that was there
        for conn_type in (found.conn_type, parts["conn_type"]):
            parts["extra"] = unstarred_extra(conn_type, parts["extra"], found.extra)
        if parts["password"] == STARS:
            parts["password"] = found.password
        wanted = Connection(**parts)
        entry.before, entry.after = _told(found), _told(wanted)
        connections.change_connection(connection, wanted, cipher=cipher)
        return _shown(wanted)

    return context.change(work, wakes=())


@operation("connections.delete")
def delete_connection(context: Context, *, conn_id: str) -> None:
    """Delete a connection.

    Raises:
        NotFoundError: there is no connection of that id.
    """

    def work(connection: sa.Connection, entry: Entry) -> None:
        found = connections.list_masked(connection, conn_id)
        if not found:
            raise _unknown(conn_id)
        entry.before = _told(found[0])
        connections.delete_connection(connection, conn_id)

    context.change(work, wakes=())


@operation("connections.test")
def try_connection(context: Context, *, values: Mapping[str, Any]) -> dict[str, Any]:
    """Try a connection that need not be stored, with the hook of its type; return `status` and `message`.

    Arguments:
        values: its parts.
    Raises:
        ClosedError: `web.test_connection` is off.
        BusyError: as many are tried at this moment as may be.
    """
    _check_tests(context)
    return _try(context, Connection(**{"conn_id": "tested", **values}), TEST_SECONDS, {})


@operation("connections.test")
def try_stored_connection(context: Context, *, conn_id: str, timeout: float = TEST_SECONDS) -> dict[str, Any]:
    """Try the connection of an id as a task would get it, from a secrets backend or the database.

    Arguments:
        timeout: seconds after which it counts as failed.
    Raises:
        ClosedError, BusyError: see `try_connection`.
        NotFoundError: there is no connection of that id.
    """
    _check_tests(context)
    secrets = configured_secrets(context.tools.config.plugins)
    try:
        found = find_connection(context.tools.database, conn_id, cipher=_cipher(context), secrets=secrets)
    except TradewindNotFoundException as error:
        raise NotFoundError(str(error), error_id="no-such-connection") from error
    return _try(context, found, timeout, {"conn_id": conn_id})


def _check_tests(context: Context) -> None:
    if not context.tools.config.web.test_connection:
        raise ClosedError("Connections are not tried by this server: set web.test_connection to true there.")


def _try(context: Context, wanted: Connection, timeout: float, told: Mapping[str, Any]) -> dict[str, Any]:
    if not _tests.acquire(blocking=False):
        raise BusyError(f"{TESTS_AT_ONCE} connections are being tried: try again later.", seconds=int(TEST_SECONDS))
    try:
        works, message = test_connection(wanted, timeout=timeout)
    finally:
        _tests.release()

    def work(_connection: sa.Connection, entry: Entry) -> None:
        entry.after = {**told, "conn_type": wanted.conn_type, "works": works}

    context.change(work, wakes=())
    return {"status": works, "message": message}


def _require(connection: sa.Connection, conn_id: str, cipher: Cipher) -> Connection:
    found = connections.get_connection(connection, conn_id, cipher=cipher)
    if found is None:
        raise _unknown(conn_id)
    return found


def _unknown(conn_id: str) -> NotFoundError:
    return NotFoundError(f"There is no connection {conn_id!r}.", error_id="no-such-connection")


def _shown(each: Connection) -> Connection:
    parts = {name: getattr(each, name) for name in PLAIN}
    password = STARS if each.password else None
    return Connection(**parts, password=password, extra=starred_extra(each.conn_type, each.extra))


def _told(each: Connection) -> dict[str, Any]:
    """Return what the audit log tells of a connection."""
    plain = {name: getattr(each, name) for name in PLAIN}
    return plain | {name: STARS if getattr(each, name) else None for name in SECRET}


def _cipher(context: Context) -> Cipher:
    return open_cipher(context.tools.config.security.fernet_key, context.tools.config.home)
