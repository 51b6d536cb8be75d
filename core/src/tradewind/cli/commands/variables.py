"""Variables: named values that DAGs read; encrypted in the database."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.files import read_object, write_json
from tradewind.cli.shared.many_rows import naming, stars_written
from tradewind.cli.shared.operating import open_operations, when_missing
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.places import rows_of
from tradewind.cli.shared.session import open_session
from tradewind.cli.verbs import Verbs
from tradewind.metadata.credentials import find_variable
from tradewind.metadata.statements import variables
from tradewind.operations import variables as asked
from tradewind.operations.bulk.variables import set_variables
from tradewind.operations.errors import NotFoundError
from tradewind.operations.starring import stars_in_variable


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    add_output_option(verbs.add("list", list_variables, remote=True))
    get = verbs.add("get", get_variable, remote=True)
    get.add_argument("key")
    get.add_argument("--explain", action="store_true", help="show which places are asked, and which one answers")
    add_output_option(get)
    get.add_argument("-d", "--default", help="print this when there is no such variable")
    get.add_argument("-j", "--json", action="store_true", help="the value is JSON: print it indented")
    change = verbs.add("set", set_variable, remote=True)
    change.add_argument("key")
    change.add_argument("value")
    change.add_argument("-j", "--json", action="store_true", help="refuse a value that is not JSON")
    change.add_argument("--description", help="what it is for")
    verbs.add("delete", delete_variable, remote=True).add_argument("key")
    export = verbs.add("export", export_variables, remote=True)
    export.add_argument("file", type=Path, help="a JSON file; - is standard output")
    bring = verbs.add("import", import_variables, remote=True)
    bring.add_argument("file", type=Path, help="a JSON or YAML file; - is standard input")
    bring.add_argument(
        "-a",
        "--action-on-existing-key",
        choices=("overwrite", "fail", "skip"),
        default="overwrite",
        help="what to do with a variable that is there already (default: overwrite)",
    )


def list_variables(options: argparse.Namespace) -> None:
    """List the variables in the database, without their values."""
    with open_operations(options) as operations:
        found = operations.ask_all(asked.list_variables)
    rows = [{"key": each.key, "description": each.description} for each in found]
    print_rows(rows, options.output, empty="No variables yet: tradewind variables set KEY VALUE")


def get_variable(options: argparse.Namespace) -> None:
    """Print a variable's value, as a task would get it; by a server, as the REST API shows it."""
    if options.explain:
        with open_operations(options) as operations:
            answers = operations.ask(asked.explain_variable, key=options.key)["places"]
        print_rows(rows_of(answers), options.output)
        return
    value = _value_there(options) if options.server else _value_here(options.key)
    if value is None:
        value = options.default
    if value is None:
        raise CommandError(
            f"There is no variable {options.key!r}: `tradewind variables list` shows all.", error_id="no-such-variable"
        )
    print(json.dumps(_parsed(options.key, value), indent=2, ensure_ascii=False) if options.json else value)


def _value_here(key: str) -> str | None:
    with open_session() as session:
        return find_variable(session.database, key, cipher=session.cipher, secrets=session.secrets)


def _value_there(options: argparse.Namespace) -> str | None:
    with open_operations(options) as operations:
        try:
            return operations.ask(asked.get_variable, key=options.key).value
        except NotFoundError:
            return None


def set_variable(options: argparse.Namespace) -> None:
    """Create a variable, or change its value."""
    if options.json:
        _parsed(options.key, options.value)
    values = {"value": options.value}
    if options.description is not None:
        values["description"] = options.description
    with open_operations(options) as operations:
        try:
            operations.ask(asked.change_variable, key=options.key, values=values)
        except NotFoundError:
            operations.ask(asked.create_variable, key=options.key, **values)
    print(f"Variable {options.key} is set.")


def delete_variable(options: argparse.Namespace) -> None:
    """Delete a variable."""
    unknown = f"There is no variable {options.key!r}: `tradewind variables list` shows all."
    with open_operations(options) as operations, when_missing(unknown, "no-such-variable"):
        operations.ask(asked.delete_variable, key=options.key)
    print(f"Variable {options.key} is deleted.")


def export_variables(options: argparse.Namespace) -> None:
    """Write all variables in the database to a JSON file, their values in clear; by a server secrets are stars."""
    found = _all_there(options) if options.server else _all_here()
    write_json(options.file, {each.key: _exported(each) for each in found}, what=f"{len(found)} variables")
    starred = [each.key for each in found if options.server and stars_in_variable(each.value)]
    if starred:
        print(stars_written(starred), file=sys.stderr)


def _all_here() -> list[variables.Variable]:
    with open_session() as session, session.database.read() as connection:
        return variables.read_variables(connection, cipher=session.cipher)


def _all_there(options: argparse.Namespace) -> list[variables.Variable]:
    with open_operations(options) as operations:
        return operations.ask_all(asked.list_variables)


def _exported(each: variables.Variable) -> Any:
    return each.value if each.description is None else {"value": each.value, "description": each.description}


def import_variables(options: argparse.Namespace) -> None:
    """Set the variables of a JSON or YAML file: keys with values, or with `{"value": …, "description": …}`.

    Either all are set or, where the file cannot be read or a key is refused, none.
    """
    rows = [_imported(key, value) for key, value in read_object(options.file, "variables").items()]
    action = options.action_on_existing_key
    skipped = 0
    if rows:
        there = "Nothing was set, as there are variables {names} already."
        with open_operations(options) as operations, naming(rows, "key", taken=there):
            done = operations.ask(set_variables, rows=rows, overwrite=action == "overwrite", skip=action == "skip")
            skipped = len(rows) - done["created"] - done["changed"]
    print(f"{len(rows) - skipped} variables are set{f', {skipped} were there and are kept' if skipped else ''}.")


def _imported(key: str, value: Any) -> dict[str, Any]:
    """Return the variable of one entry; what is no text is kept as JSON, as in Airflow."""
    description = None
    if isinstance(value, dict) and set(value) <= {"value", "description"} and "value" in value:
        description, value = value.get("description"), value["value"]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return {"key": key, "value": text, "description": description}


def _parsed(key: str, value: str) -> object:
    try:
        return json.loads(value)
    except ValueError as error:
        raise CommandError(f"The value of {key!r} is not JSON: {error}", error_id="variable-not-json") from error
