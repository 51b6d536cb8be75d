"""Roles: what their users may do."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tradewind.access.accounts import Accounts
from tradewind.access.operations import ACTIONS
from tradewind.access.roles import BUILT_IN, ensure_roles
from tradewind.cli.errors import CommandError
from tradewind.cli.shared.accounts import opened
from tradewind.cli.shared.files import read_list, write_json
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements import roles
from tradewind.metadata.statements.roles import Pair, Role


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    listed = verbs.add("list", list_roles)
    listed.add_argument("-p", "--permission", action="store_true", help="also what each role gives")
    add_output_option(listed)
    verbs.add("create", create_roles).add_argument("role", nargs="+", help="names")
    verbs.add("delete", delete_roles).add_argument("role", nargs="+", help="names")
    for verb, run, text in (
        ("add-perms", add_permissions, "actions; without one the resource is refused"),
        ("del-perms", take_permissions, "actions; by default all"),
    ):
        changed = verbs.add(verb, run)
        changed.add_argument("role", nargs="+", help="names")
        changed.add_argument("-r", "--resource", nargs="+", required=True, help="such as Connections, or DAG:reports")
        changed.add_argument("-a", "--action", nargs="+", choices=ACTIONS, help=text)
    export = verbs.add("export", export_roles)
    export.add_argument("file", type=Path, help="a JSON file; - is standard output")
    export.add_argument("-p", "--pretty", action="store_true", help="always so: the file is for people, too")
    bring = verbs.add("import", import_roles)
    bring.add_argument("file", type=Path, help="a JSON or YAML file; - is standard input")


def list_roles(options: argparse.Namespace) -> None:
    """List roles, and with -p what they give."""
    with opened() as (session, _accounts):
        session.database.write(ensure_roles)
        with session.database.read() as connection:
            found = roles.list_roles(connection)
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
    with opened() as (session, accounts):
        session.database.write(lambda c: _each(partial(accounts.create_role, c), options.role), collisions=True)
    print(f"Created: {', '.join(options.role)}.")


def delete_roles(options: argparse.Namespace) -> None:
    """Delete roles, and take them from who has them."""
    with opened() as (session, accounts):
        session.database.write(lambda c: _each(partial(accounts.delete_role, c), options.role), collisions=True)
    print(f"Deleted: {', '.join(options.role)}.")


def add_permissions(options: argparse.Namespace) -> None:
    """Give roles permissions: each action on each resource."""
    if not options.action:
        raise CommandError("Say which actions: -a can_read can_edit.", exit_code=2, error_id="wrong-usage")
    pairs = _pairs(options)
    with opened() as (session, accounts):
        session.database.write(
            lambda c: _each(partial(accounts.change_role, c, add=pairs), options.role), collisions=True
        )
    print(f"{', '.join(options.role)}: {', '.join(options.action)} on {', '.join(options.resource)} given.")


def take_permissions(options: argparse.Namespace) -> None:
    """Take permissions from roles: each action, or all, on each resource."""
    options.action = options.action or list(ACTIONS)
    pairs = _pairs(options)
    with opened() as (session, accounts):
        session.database.write(
            lambda c: _each(partial(accounts.change_role, c, take=pairs), options.role), collisions=True
        )
    print(f"{', '.join(options.role)}: {', '.join(options.action)} on {', '.join(options.resource)} taken.")


def export_roles(options: argparse.Namespace) -> None:
    """Write the roles that are not built in, with what they give, to a JSON file."""
    with opened() as (session, _accounts), session.database.read() as connection:
        found = [each for each in roles.list_roles(connection) if each.name not in BUILT_IN]
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
    with opened() as (session, accounts):
        new = session.database.write(lambda c: _import(c, accounts, wanted), collisions=True)
    print(f"{len(new)} roles are created, {len(wanted) - len(new)} changed.")


def _each(change: Callable[[str], None], names: Iterable[str]) -> None:
    for name in names:
        change(name)


def _import(connection: sa.Connection, accounts: Accounts, wanted: dict[str, set[Pair]]) -> list[str]:
    known = roles.role_ids(connection)
    new = [name for name in wanted if name not in known]
    for name, pairs in wanted.items():
        if name in known:
            accounts.change_role(connection, name, add=pairs)
        else:
            accounts.create_role(connection, name, pairs)
    return new


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
