"""Users: who can log in, and their roles."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tradewind.access.accounts import Accounts
from tradewind.access.passwords import random_password
from tradewind.cli.errors import CommandError
from tradewind.cli.shared.accounts import add_password_options, opened, tell_password, wanted_password
from tradewind.cli.shared.files import read_list, write_json
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.session import open_session
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements import users
from tradewind.metadata.statements.users import User


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    add_output_option(verbs.add("list", list_users))
    new = verbs.add("create", create_user)
    for short, name, text in (
        ("-u", "--username", "the name to log in with"),
        ("-f", "--firstname", "first name"),
        ("-l", "--lastname", "last name"),
        ("-e", "--email", "address of mail"),
        ("-r", "--role", "Admin, Op, User, Viewer, Public, or one of your own"),
    ):
        new.add_argument(short, name, required=True, help=text)
    add_password_options(new)
    _add_user(verbs.add("delete", delete_user))
    for verb, run in (("add-role", add_role), ("remove-role", remove_role)):
        changed = verbs.add(verb, run)
        _add_user(changed)
        changed.add_argument("-r", "--role", required=True, help="name of the role")
    reset = verbs.add("reset-password", reset_password)
    _add_user(reset)
    add_password_options(reset)
    verbs.add("export", export_users).add_argument("export", type=Path, help="a JSON file; - is standard output")
    bring = verbs.add("import", import_users)
    bring.add_argument("import", type=Path, help="a JSON or YAML file; - is standard input")


def _add_user(parser: argparse.ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("-u", "--username", help="name of the user")
    group.add_argument("-e", "--email", help="address of mail of the user")


def list_users(options: argparse.Namespace) -> None:
    """List users with their roles."""
    with open_session() as session, session.database.read() as connection:
        found = users.list_users(connection)
    print_rows([_shown(each) for each in found], options.output, empty="No users yet: tradewind users create …")


def create_user(options: argparse.Namespace) -> None:
    """Create a user; the password is asked for where it is not given."""
    password = wanted_password(options)
    with opened() as (session, accounts):
        session.database.write(
            lambda c: accounts.create_user(
                c,
                username=options.username,
                first_name=options.firstname,
                last_name=options.lastname,
                email=options.email,
                role_names=[options.role],
                password=password,
            ),
            collisions=True,
        )
    print(f"User {options.username} is created with the role {options.role}.")
    tell_password(options, options.username, password)


def delete_user(options: argparse.Namespace) -> None:
    """Delete a user, with sessions and API tokens."""
    with opened() as (session, accounts):
        name = session.database.write(lambda c: _delete(c, accounts, options), collisions=True)
    print(f"User {name} is deleted.")


def add_role(options: argparse.Namespace) -> None:
    """Give a user a role."""
    with opened() as (session, accounts):
        user = session.database.write(lambda c: _roles(c, accounts, options, more={options.role}), collisions=True)
    print(f"User {user.username} has the roles {', '.join(user.roles)}.")


def remove_role(options: argparse.Namespace) -> None:
    """Take a role from a user."""
    with opened() as (session, accounts):
        user = session.database.write(lambda c: _roles(c, accounts, options, less={options.role}), collisions=True)
    print(f"User {user.username} has the roles {', '.join(user.roles) or '(none)'}.")


def reset_password(options: argparse.Namespace) -> None:
    """Give a user another password, and log them out everywhere."""
    password = wanted_password(options)
    with opened() as (session, accounts):
        name = session.database.write(lambda c: _reset(c, accounts, options, password), collisions=True)
    print(f"User {name} has another password.")
    tell_password(options, name, password)


def export_users(options: argparse.Namespace) -> None:
    """Write users with their roles, without passwords, to a JSON file."""
    with open_session() as session, session.database.read() as connection:
        found = users.list_users(connection)
    write_json(options.export, [_shown(each) for each in found], what=f"{len(found)} users")


def import_users(options: argparse.Namespace) -> None:
    """Create or change the users of a JSON or YAML file, all or none; new ones need a new password before they log in.

    The file holds a list of objects with username, email, firstname, lastname and roles, as `users export` writes it.
    """
    path = vars(options)["import"]
    given = read_list(path, "users")
    for number, each in enumerate(given, 1):
        _check_entry(path, number, each)
    with opened() as (session, accounts):
        new, changed = session.database.write(lambda c: _import(c, accounts, given), collisions=True)
    print(f"{len(new)} users are created, {len(changed)} changed.")
    if new:
        print(f"New ones have no password that anybody knows: tradewind users reset-password -u {new[0]}")


def _delete(connection: sa.Connection, accounts: Accounts, options: argparse.Namespace) -> str:
    name = accounts.find_user(connection, options.username, options.email).username
    accounts.delete_user(connection, name)
    return name


def _reset(connection: sa.Connection, accounts: Accounts, options: argparse.Namespace, password: str) -> str:
    name = accounts.find_user(connection, options.username, options.email).username
    accounts.change_user(connection, name, password=password)
    return name


def _roles(
    connection: sa.Connection,
    accounts: Accounts,
    options: argparse.Namespace,
    *,
    more: set[str] | None = None,
    less: set[str] | None = None,
) -> User:
    found = accounts.find_user(connection, options.username, options.email)
    wanted = (set(found.roles) | (more or set())) - (less or set())
    if wanted == set(found.roles):
        has = "has the role already" if more else "does not have the role"
        raise CommandError(f"User {found.username!r} {has}: {options.role}.", error_id="account-refused")
    return accounts.change_user(connection, found.username, role_names=sorted(wanted))


def _import(connection: sa.Connection, accounts: Accounts, given: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    new, changed = [], []
    known = {each.username for each in users.list_users(connection)}
    for each in given:
        parts = {"first_name": each["firstname"], "last_name": each["lastname"], "email": each["email"]}
        name = each["username"]
        if name in known:
            accounts.change_user(connection, name, role_names=each["roles"], **parts)
            changed.append(name)
        else:
            accounts.create_user(
                connection, username=name, **parts, role_names=each["roles"], password=random_password()
            )
            new.append(name)
    return new, changed


def _check_entry(path: Path, number: int, entry: Any) -> None:
    texts = ("username", "email", "firstname", "lastname")
    is_right = isinstance(entry, dict) and all(isinstance(entry.get(each), str) for each in texts)
    names = entry.get("roles") if is_right else None
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise CommandError(
            f"Entry {number} of {path} is no user: it needs username, email, firstname, lastname, and roles, a list.",
            error_id="file-invalid",
        )


def _shown(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "firstname": user.first_name,
        "lastname": user.last_name,
        "roles": list(user.roles),
    }
