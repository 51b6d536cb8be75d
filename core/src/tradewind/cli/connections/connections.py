"""Connections: how to reach other systems; secrets are encrypted in the database."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindException, TradewindNotFoundException

from tradewind.cli.connections import files
from tradewind.cli.errors import CommandError
from tradewind.cli.plugins import note_on_connection_type
from tradewind.cli.shared.many_rows import naming, stars_written
from tradewind.cli.shared.operating import open_operations, when_missing
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.places import rows_of
from tradewind.cli.shared.session import open_session
from tradewind.cli.verbs import Verbs
from tradewind.metadata.credentials import find_connection
from tradewind.metadata.statements import connections
from tradewind.operations import connections as asked
from tradewind.operations.bulk.connections import set_connections
from tradewind.operations.connection_testing import test_connection
from tradewind.operations.errors import ConflictError
from tradewind.operations.starring import STARS, stars_in_extra
from tradewind.plugins.secrets_file import FORMATS, format_of

PARTS = ("description", "host", "login", "password", "schema", "port", "extra")
UNKNOWN = "no-such-connection"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    listed = verbs.add("list", list_connections, remote=True)
    listed.add_argument("--conn-id", help="this one only")
    add_output_option(listed)
    get = verbs.add("get", get_connection, remote=True)
    get.add_argument("conn_id")
    get.add_argument("--explain", action="store_true", help="show which places are asked, and which one answers")
    add_output_option(get)
    new = verbs.add("add", add_connection, remote=True)
    new.add_argument("conn_id")
    new.add_argument("--conn-uri", help="type://login:password@host:port/schema?key=value")
    new.add_argument("--conn-json", help="a JSON object with conn_type, host, login …")
    new.add_argument("--conn-type", help="such as sqlite; the other parts follow as options of their own")
    for part in PARTS:
        new.add_argument(f"--conn-{part}", dest=part, type=int if part == "port" else str)
    verbs.add("delete", delete_connection, remote=True).add_argument("conn_id")
    _configure_files(verbs)
    tested = verbs.add("test", test_one, remote=True)
    tested.add_argument("conn_id")
    tested.add_argument("--timeout", type=float, default=30.0, help="seconds until it counts as failed (default: 30)")
    add_output_option(tested)


def _configure_files(verbs: Verbs) -> None:
    export = verbs.add("export", export_connections, remote=True)
    export.add_argument("file", help="where to write; - for the terminal")
    export.add_argument("--file-format", "--format", choices=FORMATS, help="default: by the file's name")
    export.add_argument(
        "--serialization-format", choices=("uri", "json"), help="each connection as URI or by its fields"
    )
    imported = verbs.add("import", import_connections, remote=True)
    imported.add_argument("file", help="a .json, .yaml or .env file")
    imported.add_argument("--overwrite", action="store_true", help="replace connections that there are already")


def list_connections(options: argparse.Namespace) -> None:
    """List the connections in the database; secrets are stars."""
    with open_operations(options) as operations:
        rows = [_shown(each) for each in operations.ask_all(asked.list_connections, conn_id=options.conn_id)]
    print_rows(rows, options.output, empty="No connections yet: tradewind connections add ID --conn-uri …")


def get_connection(options: argparse.Namespace) -> None:
    """Show the connection that a task would get, by a server the one in its database; secrets are stars."""
    if options.explain:
        with open_operations(options) as operations:
            answers = operations.ask(asked.explain_connection, conn_id=options.conn_id)["places"]
        print_rows(rows_of(answers), options.output)
        return
    found = _found_there(options) if options.server else _found_here(options)
    print_rows([_shown(found)], options.output)


def _found_here(options: argparse.Namespace) -> Connection:
    with open_session() as session:
        try:
            return find_connection(session.database, options.conn_id, cipher=session.cipher, secrets=session.secrets)
        except TradewindNotFoundException as error:
            raise CommandError(str(error), error_id=UNKNOWN) from error


def _found_there(options: argparse.Namespace) -> Connection:
    with open_operations(options) as operations, when_missing(_unknown(options.conn_id), UNKNOWN):
        return operations.ask(asked.get_connection, conn_id=options.conn_id)


def add_connection(options: argparse.Namespace) -> None:
    """Add a connection, as URI, as JSON or by its parts."""
    new = _from_options(options)
    with open_operations(options) as operations:
        try:
            operations.ask(asked.create_connection, values=_parts(new))
        except ConflictError as error:
            raise CommandError(
                f"There already is a connection {new.conn_id!r}: delete it first with "
                f"`tradewind connections delete {new.conn_id}`.",
                error_id="already-exists",
            ) from error
    print(f"Connection {new.conn_id} is added.")
    # Which types a server has is not known here
    note = None if options.server else note_on_connection_type(new.conn_type)
    if note is not None:
        print(note, file=sys.stderr)


def delete_connection(options: argparse.Namespace) -> None:
    """Delete a connection."""
    with open_operations(options) as operations, when_missing(_unknown(options.conn_id), UNKNOWN):
        operations.ask(asked.delete_connection, conn_id=options.conn_id)
    print(f"Connection {options.conn_id} is deleted.")


def export_connections(options: argparse.Namespace) -> None:
    """Write the connections in the database to a file, readable by its owner alone.

    Their secrets are in it, unless a server does it: then it has stars in their place.
    """
    to_terminal = options.file == "-"
    style = options.file_format or format_of(options.file) or ("json" if to_terminal else None)
    if style is None:
        raise CommandError(
            f"The name {options.file} does not say which format: add --file-format.",
            exit_code=2,
            error_id="wrong-usage",
        )
    as_uri = (options.serialization_format or ("uri" if style == "env" else "json")) == "uri"
    found = _all_there(options) if options.server else _all_here()
    text = files.written(found, style, as_uri=as_uri)
    starred = [each.conn_id for each in found if options.server and _has_stars(each)]
    if starred:
        print(stars_written(starred), file=sys.stderr)
    if to_terminal:
        print(text, end="")
        return
    descriptor = os.open(options.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    print(f"{len(found)} connections are in {options.file}, {'without' if starred else 'with'} their secrets.")


def _all_here() -> list[Connection]:
    with open_session() as session, session.database.read() as connection:
        return connections.list_connections(connection, cipher=session.cipher)


def _all_there(options: argparse.Namespace) -> list[Connection]:
    with open_operations(options) as operations:
        found = operations.ask_all(asked.list_connections, with_extra=True)
    return [Connection(**_parts(each)) for each in found]


def _has_stars(each: Connection) -> bool:
    return each.password == STARS or stars_in_extra(each.conn_type, each.extra)


def import_connections(options: argparse.Namespace) -> None:
    """Add the connections of a file, all or none; one that is there already stops it unless --overwrite is given."""
    style = format_of(options.file)
    if style is None:
        raise CommandError(
            f"{options.file} is no .json, .yaml, .yml or .env file.", exit_code=2, error_id="wrong-usage"
        )
    rows = [_parts(each) for each in files.read(Path(options.file), style)]
    there = (
        "Nothing was imported, as these connections are there already: {names}. Add --overwrite to replace them, or take them "
        f"out of {options.file}."
    )
    if rows:
        with open_operations(options) as operations, naming(rows, "conn_id", taken=there):
            operations.ask(set_connections, rows=rows, overwrite=options.overwrite)
    print(f"{len(rows)} connections were imported from {options.file}.")


def test_one(options: argparse.Namespace) -> int:
    """Try a connection as a task would get it, with its type's hook; exit code 1 where it does not work."""
    if options.server:
        with open_operations(options) as operations:
            done = operations.ask(asked.try_stored_connection, conn_id=options.conn_id, timeout=options.timeout)
        works, message = done["status"], done["message"]
    else:
        # Not as an operation: who has the database may try connections, whatever the server is allowed
        works, message = test_connection(_found_here(options), timeout=options.timeout)
    print_rows([{"conn_id": options.conn_id, "works": works, "message": message}], options.output)
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


def _parts(connection: Connection) -> dict[str, Any]:
    """Return the parts that a connection has."""
    given = {name: getattr(connection, name) for name in (*connections.PLAIN, *connections.SECRET)}
    return {name: value for name, value in given.items() if value is not None}


def _unknown(conn_id: str) -> str:
    return f"There is no connection {conn_id!r}: `tradewind connections list` shows all."


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
