"""Roles: what their users may do."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tradewind.access.operations import ACTIONS
from tradewind.access.roles import BUILT_IN
from tradewind.cli.errors import CommandError
from tradewind.cli.shared.files import read_list, write_json
from tradewind.cli.shared.many_rows import naming
from tradewind.cli.shared.operating import open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements.roles import Pair, Role
from tradewind.operations import roles
from tradewind.operations.bulk import roles as bulk


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    listed = verbs.add("list", list_roles, remote=True)
    listed.add_argument("-p", "--permission", action="store_true", help="also what each role gives")
    add_output_option(listed)
    verbs.add("create", create_roles, remote=True).add_argument("role", nargs="+", help="names")
    verbs.add("delete", delete_roles, remote=True).add_argument("role", nargs="+", help="names")
    for verb, run, text in (
        ("add-perms", add_permissions, "actions; without one the resource is refused"),
        ("del-perms", take_permissions, "actions; by default all"),
    ):
        changed = verbs.add(verb, run, remote=True)
        changed.add_argument("role", nargs="+", help="names")
        changed.add_argument("-r", "--resource", nargs="+", required=True, help="such as Connections, or DAG:reports")
        changed.add_argument("-a", "--action", nargs="+", choices=ACTIONS, help=text)
    export = verbs.add("export", export_roles, remote=True)
    export.add_argument("file", type=Path, help="a JSON file; - is standard output")
    export.add_argument("-p", "--pretty", action="store_true", help="always so: the file is for people, too")
    bring = verbs.add("import", import_roles, remote=True)
    bring.add_argument("file", type=Path, help="a JSON or YAML file; - is standard input")


def list_roles(options: argparse.Namespace) -> None:
    """List roles, and with -p what they give."""
    with open_operations(options) as operations:
        found = operations.ask_all(roles.list_roles)
    if not options.permission:
        print_rows([{"name": each.name} for each in found], options.output)
        return
    rows = [
        {"name": each.name, "resource": resource, "action": actions}
        for each in found
        for resource, actions in _by_resource(each).items()
    ]
    print_rows(rows, options.output)


def create_roles(options: argparse.Namespace) -> None:
    """Create roles, which give nothing yet."""
    _change(options, bulk.CREATE, options.role)
    print(f"Created: {', '.join(options.role)}.")


def delete_roles(options: argparse.Namespace) -> None:
    """Delete roles, and take them from who has them."""
    _change(options, bulk.DELETE, options.role)
    print(f"Deleted: {', '.join(options.role)}.")


def add_permissions(options: argparse.Namespace) -> None:
    """Give roles permissions: each action on each resource."""
    if not options.action:
        raise CommandError("Say which actions: -a can_read can_edit.", exit_code=2, error_id="wrong-usage")
    _change(options, bulk.ADD, options.role, _pairs(options))
    print(f"{', '.join(options.role)}: {', '.join(options.action)} on {', '.join(options.resource)} given.")


def take_permissions(options: argparse.Namespace) -> None:
    """Take permissions from roles: each action, or all, on each resource."""
    options.action = options.action or list(ACTIONS)
    _change(options, bulk.REMOVE, options.role, _pairs(options))
    print(f"{', '.join(options.role)}: {', '.join(options.action)} on {', '.join(options.resource)} taken.")


def export_roles(options: argparse.Namespace) -> None:
    """Write the roles that are not built in, with what they give, to a JSON file."""
    with open_operations(options) as operations:
        found = [each for each in operations.ask_all(roles.list_roles) if each.name not in BUILT_IN]
    rows = []
    for each in found:
        given = {resource: ",".join(actions) for resource, actions in _by_resource(each).items()}
        rows += [
            {"name": each.name, "resource": resource, "action": action}
            for resource, action in (given or {"": ""}).items()
        ]
    write_json(options.file, rows, what=f"{len(found)} roles")


def import_roles(options: argparse.Namespace) -> None:
    """Create the roles of a JSON or YAML file, and give them what it says: all or none.

    The file holds a list of names, or of objects with name, resource and action, as `roles export` writes it.
    """
    wanted: dict[str, set[Pair]] = {}
    for number, each in enumerate(read_list(options.file, "roles"), 1):
        name, pairs = _entry(options.file, number, each)
        wanted.setdefault(name, set()).update(pairs)
    rows = [{"name": name, "pairs": sorted(pairs)} for name, pairs in wanted.items()]
    done = _ask(options, bulk.MERGE, rows) if rows else {"created": 0, "changed": 0}
    print(f"{done['created']} roles are created, {done['changed']} changed.")


def _change(options: argparse.Namespace, action: str, names: Iterable[str], pairs: Iterable[Pair] = ()) -> None:
    _ask(options, action, [{"name": name, "pairs": sorted(pairs)} for name in names])


def _ask(options: argparse.Namespace, action: str, rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    with open_operations(options) as operations, naming(rows, "name"):
        return operations.ask(bulk.change_roles, action=action, rows=rows)


def _entry(path: Path, number: int, entry: Any) -> tuple[str, set[Pair]]:
    if isinstance(entry, str):
        return entry, set()
    given = entry if isinstance(entry, dict) else {}
    name, resource, actions = (given.get(each, "") for each in ("name", "resource", "action"))
    if (
        not all(isinstance(each, str) for each in (name, resource, actions))
        or not name
        or bool(resource) != bool(actions)
    ):
        raise CommandError(
            f"Entry {number} of {path} is no role: write a name, or "
            + json.dumps({"name": "analysts", "resource": "DAGs", "action": "can_read,can_edit"})
            + ".",
            error_id="file-invalid",
        )
    return name, {(action.strip(), resource) for action in actions.split(",") if action.strip()}


def _pairs(options: argparse.Namespace) -> set[Pair]:
    return {(action, resource) for action in options.action for resource in options.resource}


def _by_resource(role: Role) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for action, resource in role.permissions:
        found.setdefault(resource, []).append(action)
    return found
