"""Connections: how to reach other systems; secrets are encrypted in the database."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from sqlalchemy.exc import IntegrityError
from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindException

from tradewind.cli.errors import CommandError
from tradewind.cli.output import add_output_option, print_rows
from tradewind.cli.plugins import note_on_connection_type
from tradewind.cli.session import open_session
from tradewind.cli.verbs import Verbs
from tradewind.metadata.credentials import find_connection
from tradewind.metadata.statements import connections

PARTS = ("description", "host", "login", "password", "schema", "port", "extra")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    add_output_option(verbs.add("list", list_connections))
    get = verbs.add("get", get_connection)
    get.add_argument("conn_id")
    add_output_option(get)
    new = verbs.add("add", add_connection)
    new.add_argument("conn_id")
    new.add_argument("--conn-uri", help="type://login:password@host:port/schema?key=value")
    new.add_argument("--conn-json", help="a JSON object with conn_type, host, login …")
    new.add_argument("--conn-type", help="such as sqlite; the other parts follow as options of their own")
    for part in PARTS:
        new.add_argument(f"--conn-{part}", dest=part, type=int if part == "port" else str)
    verbs.add("delete", delete_connection).add_argument("conn_id")


def list_connections(options: argparse.Namespace) -> None:
    """List the connections in the database; secrets are stars."""
    with open_session() as session, session.database.read() as connection:
        rows = [_shown(each) for each in connections.list_connections(connection, cipher=session.cipher)]
    print_rows(rows, options.output, empty="No connections yet: tradewind connections add ID --conn-uri …")


def get_connection(options: argparse.Namespace) -> None:
    """Show the connection that a task would get; secrets are stars."""
    with open_session() as session, session.database.read() as connection:
        found = find_connection(connection, options.conn_id, cipher=session.cipher, secrets=session.secrets)
    print_rows([_shown(found)], options.output)


def add_connection(options: argparse.Namespace) -> None:
    """Add a connection, as URI, as JSON or by its parts."""
    new = _from_options(options)
    with open_session() as session:
        try:
            session.database.write(lambda c: connections.add_connection(c, new, cipher=session.cipher))
        except IntegrityError as error:
            raise CommandError(
                f"There already is a connection {new.conn_id!r}: delete it first with "
                f"`tradewind connections delete {new.conn_id}`."
            ) from error
    print(f"Connection {new.conn_id} is added.")
    note = note_on_connection_type(new.conn_type)
    if note is not None:
        print(note, file=sys.stderr)


def delete_connection(options: argparse.Namespace) -> None:
    """Delete a connection."""
    with open_session() as session:
        if not session.database.write(lambda c: connections.delete_connection(c, options.conn_id)):
            raise CommandError(f"There is no connection {options.conn_id!r}: `tradewind connections list` shows all.")
    print(f"Connection {options.conn_id} is deleted.")


def _from_options(options: argparse.Namespace) -> Connection:
    whole = options.conn_uri or options.conn_json
    given = [bool(options.conn_uri), bool(options.conn_json), bool(options.conn_type)]
    if sum(given) != 1:
        raise CommandError("Give one of --conn-uri, --conn-json and --conn-type (with --conn-host …).", exit_code=2)
    try:
        if whole:
            return Connection.parse(whole, options.conn_id)
        parts = {part: getattr(options, part) for part in PARTS}
        return Connection(conn_id=options.conn_id, conn_type=options.conn_type, **parts)
    except (TradewindException, ValueError, TypeError) as error:
        raise CommandError(f"Connection {options.conn_id!r} cannot be read: {error}", exit_code=2) from error


def _shown(connection: Connection) -> dict[str, Any]:
    return {
        "conn_id": connection.conn_id,
        "conn_type": connection.conn_type,
        "host": connection.host,
        "port": connection.port,
        "schema": connection.schema,
        "login": connection.login,
        "password": "***" if connection.password else None,
        "extra": "***" if connection.extra else None,
        "description": connection.description,
    }
