"""Variables: named values that DAGs read; encrypted in the database."""

from __future__ import annotations

import argparse
import json

from tradewind.cli.errors import CommandError
from tradewind.cli.output import add_output_option, print_rows
from tradewind.cli.session import open_session
from tradewind.cli.verbs import Verbs
from tradewind.metadata.credentials import find_variable
from tradewind.metadata.statements import variables


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    add_output_option(verbs.add("list", list_variables))
    get = verbs.add("get", get_variable)
    get.add_argument("key")
    get.add_argument("-d", "--default", help="print this when there is no such variable")
    get.add_argument("-j", "--json", action="store_true", help="the value is JSON: print it indented")
    change = verbs.add("set", set_variable)
    change.add_argument("key")
    change.add_argument("value")
    change.add_argument("-j", "--json", action="store_true", help="refuse a value that is not JSON")
    change.add_argument("--description", help="what it is for")
    verbs.add("delete", delete_variable).add_argument("key")


def list_variables(options: argparse.Namespace) -> None:
    """List the variables in the database, without their values."""
    with open_session() as session, session.database.read() as connection:
        rows = [{"key": key, "description": text} for key, text in variables.list_variables(connection)]
    print_rows(rows, options.output, empty="No variables yet: tradewind variables set KEY VALUE")


def get_variable(options: argparse.Namespace) -> None:
    """Print a variable's value, as a task would get it."""
    with open_session() as session, session.database.read() as connection:
        value = find_variable(connection, options.key, cipher=session.cipher, secrets=session.secrets)
    if value is None:
        value = options.default
    if value is None:
        raise CommandError(f"There is no variable {options.key!r}: `tradewind variables list` shows all.")
    print(json.dumps(_parsed(options.key, value), indent=2, ensure_ascii=False) if options.json else value)


def set_variable(options: argparse.Namespace) -> None:
    """Create a variable, or change its value."""
    if options.json:
        _parsed(options.key, options.value)
    with open_session() as session:
        session.database.write(
            lambda c: variables.set_variable(
                c, options.key, options.value, description=options.description, cipher=session.cipher
            )
        )
    print(f"Variable {options.key} is set.")


def delete_variable(options: argparse.Namespace) -> None:
    """Delete a variable."""
    with open_session() as session:
        if not session.database.write(lambda c: variables.delete_variable(c, options.key)):
            raise CommandError(f"There is no variable {options.key!r}: `tradewind variables list` shows all.")
    print(f"Variable {options.key} is deleted.")


def _parsed(key: str, value: str) -> object:
    try:
        return json.loads(value)
    except ValueError as error:
        raise CommandError(f"The value of {key!r} is not JSON: {error}") from error
