"""Connections: how to reach other systems; secrets are encrypted in the database."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindException, TradewindNotFoundException

from tradewind.cli.connections import files
from tradewind.cli.errors import CommandError
from tradewind.cli.plugins import note_on_connection_type
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.session import open_session
from tradewind.cli.verbs import Verbs
from tradewind.metadata.credentials import find_connection
from tradewind.metadata.secrets import Cipher
from tradewind.metadata.statements import connections
from tradewind.operations.connection_testing import test_connection

PARTS = ("description", "host", "login", "password", "schema", "port", "extra")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    listed = verbs.add("list", list_connections)
    listed.add_argument("--conn-id", help="this one only")
    add_output_option(listed)
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
    _configure_files(verbs)
    tested = verbs.add("test", test_one)
    tested.add_argument("conn_id")
    tested.add_argument("--timeout", type=float, default=30.0, help="seconds until it counts as failed (default: 30)")
    add_output_option(tested)


def _configure_files(verbs: Verbs) -> None:
    export = verbs.add("export", export_connections)
    export.add_argument("file", help="where to write; - for the terminal")
    export.add_argument("--file-format", "--format", choices=files.FORMATS, help="default: by the file's name")
    export.add_argument(
        "--serialization-format", choices=("uri", "json"), help="each connection as URI or by its fields"
    )
    imported = verbs.add("import", import_connections)
    imported.add_argument("file", help="a .json, .yaml or .env file")
    imported.add_argument("--overwrite", action="store_true", help="replace connections that there are already")


def list_connections(options: argparse.Namespace) -> None:
    """List the connections in the database; secrets are stars."""
    with open_session() as session, session.database.read() as connection:
        rows = [_shown(each) for each in connections.list_masked(connection, options.conn_id)]
    print_rows(rows, options.output, empty="No connections yet: tradewind connections add ID --conn-uri …")


def get_connection(options: argparse.Namespace) -> None:
    """Show the connection that a task would get; secrets are stars."""
    with open_session() as session, session.database.read() as connection:
        try:
            found = find_connection(connection, options.conn_id, cipher=session.cipher, secrets=session.secrets)
        except TradewindNotFoundException as error:
            raise CommandError(str(error), error_id="no-such-connection") from error
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
                f"`tradewind connections delete {new.conn_id}`.",
                error_id="already-exists",
            ) from error
    print(f"Connection {new.conn_id} is added.")
    note = note_on_connection_type(new.conn_type)
    if note is not None:
        print(note, file=sys.stderr)


def delete_connection(options: argparse.Namespace) -> None:
    """Delete a connection."""
    with open_session() as session:
        if not session.database.write(lambda c: connections.delete_connection(c, options.conn_id)):
            raise CommandError(
                f"There is no connection {options.conn_id!r}: `tradewind connections list` shows all.",
                error_id="no-such-connection",
            )
    print(f"Connection {options.conn_id} is deleted.")


def export_connections(options: argparse.Namespace) -> None:
    """Write the connections in the database to a file, with their secrets, readable by its owner alone."""
    to_terminal = options.file == "-"
    style = options.file_format or files.format_of(options.file) or ("json" if to_terminal else None)
    if style is None:
        raise CommandError(
            f"The name {options.file} does not say which format: add --file-format.",
            exit_code=2,
            error_id="wrong-usage",
        )
    as_uri = (options.serialization_format or ("uri" if style == "env" else "json")) == "uri"
    with open_session() as session, session.database.read() as connection:
        found = connections.list_connections(connection, cipher=session.cipher)
    text = files.written(found, style, as_uri=as_uri)
    if to_terminal:
        print(text, end="")
        return
    descriptor = os.open(options.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    print(f"{len(found)} connections are in {options.file}, with their secrets.")


def import_connections(options: argparse.Namespace) -> None:
    """Add the connections of a file, all or none; one that is there already stops it unless --overwrite is given."""
    style = files.format_of(options.file)
    if style is None:
        raise CommandError(
            f"{options.file} is no .json, .yaml, .yml or .env file.", exit_code=2, error_id="wrong-usage"
        )
    new = files.read(Path(options.file), style)
    with open_session() as session:
        cipher = session.cipher
        session.database.write(lambda db: _import(db, new, options, cipher))
    print(f"{len(new)} connections were imported from {options.file}.")


def _import(db: sa.Connection, new: list[Connection], options: argparse.Namespace, cipher: Cipher) -> None:
    taken = sorted(connections.existing(db, [each.conn_id for each in new]))
    if taken and not options.overwrite:
        raise CommandError(
            f"Nothing was imported, as these connections are there already: {', '.join(taken)}. Add --overwrite to "
            f"replace them, or take them out of {options.file}.",
            error_id="already-exists",
        )
    for conn_id in taken:
        connections.delete_connection(db, conn_id)
    for each in new:
        connections.add_connection(db, each, cipher=cipher)


def test_one(options: argparse.Namespace) -> int:
    """Try a connection as a task would get it, with its type's hook; exit code 1 where it does not work."""
    with open_session() as session, session.database.read() as connection:
        found = find_connection(connection, options.conn_id, cipher=session.cipher, secrets=session.secrets)
    works, message = test_connection(found, timeout=options.timeout)
    print_rows([{"conn_id": found.conn_id, "works": works, "message": message}], options.output)
    return 0 if works else 1


def _from_options(options: argparse.Namespace) -> Connection:
    whole = options.conn_uri or options.conn_json
    given = [bool(options.conn_uri), bool(options.conn_json), bool(options.conn_type)]
    if sum(given) != 1:
        raise CommandError(
            "Give one of --conn-uri, --conn-json and --conn-type (with --conn-host …).",
            exit_code=2,
            error_id="wrong-usage",
        )
    try:
        if whole:
            return Connection.parse(whole, options.conn_id)
        parts = {part: getattr(options, part) for part in PARTS}
        return Connection(conn_id=options.conn_id, conn_type=options.conn_type, **parts)
    except (TradewindException, ValueError, TypeError) as error:
        raise CommandError(
            f"Connection {options.conn_id!r} cannot be read: {error}", exit_code=2, error_id="connection-invalid"
        ) from error


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
