"""Users: who can log in, and their roles."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.accounts import add_password_options, tell_password, wanted_password
from tradewind.cli.shared.files import read_list, write_json
from tradewind.cli.shared.many_rows import naming
from tradewind.cli.shared.operating import Operations, open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements.users import User
from tradewind.operations import users
from tradewind.operations.bulk.users import set_users
from tradewind.operations.paging import Paging


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    add_output_option(verbs.add("list", list_users, remote=True))
    new = verbs.add("create", create_user, remote=True)
    for short, name, text in (
        ("-u", "--username", "the name to log in with"),
        ("-f", "--firstname", "first name"),
        ("-l", "--lastname", "last name"),
        ("-e", "--email", "address of mail"),
        ("-r", "--role", "Admin, Op, User, Viewer, Public, or one of your own"),
    ):
        new.add_argument(short, name, required=True, help=text)
    add_password_options(new)
    _add_user(verbs.add("delete", delete_user, remote=True))
    for verb, run in (("add-role", add_role), ("remove-role", remove_role)):
        changed = verbs.add(verb, run, remote=True)
        _add_user(changed)
        changed.add_argument("-r", "--role", required=True, help="name of the role")
    reset = verbs.add("reset-password", reset_password, remote=True)
    _add_user(reset)
    add_password_options(reset)
    verbs.add("export", export_users, remote=True).add_argument(
        "export", type=Path, help="a JSON file; - is standard output"
    )
    bring = verbs.add("import", import_users, remote=True)
    bring.add_argument("import", type=Path, help="a JSON or YAML file; - is standard input")


def _add_user(parser: argparse.ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("-u", "--username", help="name of the user")
    group.add_argument("-e", "--email", help="address of mail of the user")


def list_users(options: argparse.Namespace) -> None:
    """List users with their roles."""
    print_rows(_all(options), options.output, empty="No users yet: tradewind users create …")


def create_user(options: argparse.Namespace) -> None:
    """Create a user; the password is asked for where it is not given."""
    password = wanted_password(options)
    with open_operations(options) as operations:
        operations.ask(
            users.create_user,
            username=options.username,
            first_name=options.firstname,
            last_name=options.lastname,
            email=options.email,
            role_names=[options.role],
            password=password,
        )
    print(f"User {options.username} is created with the role {options.role}.")
    tell_password(options, options.username, password)


def delete_user(options: argparse.Namespace) -> None:
    """Delete a user, with sessions and API tokens."""
    with open_operations(options) as operations:
        name = _name(operations, options)
        operations.ask(users.delete_user, username=name)
    print(f"User {name} is deleted.")


def add_role(options: argparse.Namespace) -> None:
    """Give a user a role."""
    user = _changed(options, added_roles=[options.role])
    print(f"User {user.username} has the roles {', '.join(user.roles)}.")


def remove_role(options: argparse.Namespace) -> None:
    """Take a role from a user."""
    user = _changed(options, removed_roles=[options.role])
    print(f"User {user.username} has the roles {', '.join(user.roles) or '(none)'}.")


def reset_password(options: argparse.Namespace) -> None:
    """Give a user another password, and log them out everywhere."""
    password = wanted_password(options)
    user = _changed(options, password=password)
    print(f"User {user.username} has another password.")
    tell_password(options, user.username, password)


def export_users(options: argparse.Namespace) -> None:
    """Write users with their roles, without passwords, to a JSON file."""
    rows = _all(options)
    write_json(options.export, rows, what=f"{len(rows)} users")


def import_users(options: argparse.Namespace) -> None:
    """Create or change the users of a JSON or YAML file, all or none; new ones need a new password before they log in.

    The file holds a list of objects with username, email, firstname, lastname and roles, as `users export` writes it.
    """
    path = vars(options)["import"]
    given = read_list(path, "users")
    for number, each in enumerate(given, 1):
        _check_entry(path, number, each)
    rows = [_row(each) for each in given]
    done: dict[str, Any] = {"created": 0, "changed": 0, "created_users": []}
    if rows:
        with open_operations(options) as operations, naming(rows, "username"):
            done = operations.ask(set_users, rows=rows, overwrite=True)
    print(f"{done['created']} users are created, {done['changed']} changed.")
    if new := done["created_users"]:
        print(f"New ones have no password that anybody knows: tradewind users reset-password -u {new[0]}")


def _all(options: argparse.Namespace) -> list[dict[str, Any]]:
    with open_operations(options) as operations:
        found = operations.ask_all(users.list_users)
    return [_shown(each) for each in sorted(found, key=lambda user: user.username)]


def _name(operations: Operations, options: argparse.Namespace) -> str:
    """Return the name of the user who is named, or whose address of mail is."""
    if options.username is not None:
        return str(options.username)
    found = operations.ask(users.list_users, page=Paging(limit=1), email=options.email).rows
    if not found:
        raise CommandError(f"There is no user {options.email!r}.", error_id="no-such-user")
    return found[0].username


def _changed(options: argparse.Namespace, **values: Any) -> User:
    with open_operations(options) as operations:
        return operations.ask(users.change_user, username=_name(operations, options), values=values)


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    names = {"username": "username", "email": "email", "firstname": "first_name", "lastname": "last_name"}
    return {name: entry[each] for each, name in names.items()} | {"role_names": entry["roles"]}


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
