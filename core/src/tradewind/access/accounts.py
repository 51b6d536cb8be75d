"""Changing users and roles: with the rules of passwords, and an entry of the audit log in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tradewind.access.actors import Actor
from tradewind.access.audit import record
from tradewind.access.operations import ACTIONS
from tradewind.access.passwords import check_rules, hash_password
from tradewind.access.roles import BUILT_IN, ensure_roles
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import roles, users
from tradewind.metadata.statements.roles import Pair
from tradewind.metadata.statements.users import User

SHOWN = ("username", "first_name", "last_name", "email", "is_active", "roles")
LONGEST = {"username": 128, "first_name": 64, "last_name": 64, "email": 320}
LONGEST_ROLE = 64


class AccountError(ValueError):
    """Such a change of users or roles is not made; the text says why."""


class UnknownUserError(AccountError):
    """There is no such user."""


class UnknownRoleError(AccountError):
    """There is no such role."""


class TakenError(AccountError):
    """There is one of that name, or with that address of mail, already."""


@dataclass(frozen=True)
class Accounts:
    """Changes of users and roles, each in the transaction of the connection that it is given.

    Arguments:
        actor: who makes them.
        now: the current instant.
        shortest: characters that a password has at least.
        validate: a further rule for passwords, see `check_rules`.
    """

    actor: Actor
    now: Callable[[], datetime]
    ids: Ids
    shortest: int
    validate: Callable[[str], object] | None = None

    # --- Users --------------------------------------------------------------------------------------------------------

    def create_user(
        self,
        connection: sa.Connection,
        *,
        username: str,
        first_name: str,
        last_name: str,
        email: str,
        role_names: Collection[str],
        password: str | None = None,
        password_hash: str | None = None,
    ) -> User:
        """Make a user.

        Arguments:
            password: None for one who logs in elsewhere, or where `password_hash` is given.
        Raises:
            AccountError, WeakPasswordError: saying what is wrong.
        """
        parts = {"username": username, "first_name": first_name, "last_name": last_name, "email": email}
        _check_parts(parts)
        self._require_roles(connection, role_names)
        if password is not None:
            check_rules(password, username, shortest=self.shortest, validate=self.validate)
            password_hash = hash_password(password)
        if users.find_user(connection, username=username) is not None:
            raise TakenError(f"There already is a user {username!r}.")
        if users.find_user(connection, email=email) is not None:
            raise TakenError(f"There already is a user with the address {email!r}.")
        try:
            users.add_user(connection, **parts, password_hash=password_hash, roles=role_names, now=self.now())
        except IntegrityError as error:
            raise TakenError(f"There already is a user {username!r}, or one with the address {email!r}.") from error
        made = self.find_user(connection, username)
        self._record(connection, "users.create", after=_shown(made))
        return made

    def change_user(
        self,
        connection: sa.Connection,
        username: str,
        /,
        *,
        role_names: Collection[str] | None = None,
        password: str | None = None,
        **values: Any,
    ) -> User:
        """Change a user's parts, roles or password; whoever gets another password or is made inactive is logged out.

        Arguments:
            role_names: all roles that the user then has.
            values: any of username, first_name, last_name, email and active.
        Raises:
            AccountError, WeakPasswordError: saying what is wrong.
        """
        before = self.find_user(connection, username)
        _check_parts({name: value for name, value in values.items() if name in LONGEST})
        if password is not None:
            check_rules(password, values.get("username", username), shortest=self.shortest, validate=self.validate)
            users.set_password(connection, before.id, hash_password(password), now=self.now())
        for name in ("username", "email"):
            other = users.find_user(connection, **{name: values[name]}) if name in values else None
            if other is not None and other.id != before.id:
                raise TakenError(f"There already is a user with the {name} {values[name]!r}.")
        if values:
            users.change_user(connection, before.id, now=self.now(), **values)
        if role_names is not None:
            self._require_roles(connection, role_names)
            users.set_roles_of_user(connection, before.id, role_names)
        after = self.find_user(connection, values.get("username", username))
        more = {"password_changed": True} if password is not None else {}
        self._record(connection, "users.change", before=_shown(before), after=_shown(after), more=more)
        return after

    def delete_user(self, connection: sa.Connection, username: str) -> None:
        """Delete a user with sessions and tokens.

        Raises:
            UnknownUserError: there is none of that name.
        """
        found = self.find_user(connection, username)
        users.delete_user(connection, found.id)
        self._record(connection, "users.delete", before=_shown(found))

    @staticmethod
    def find_user(connection: sa.Connection, username: str | None = None, email: str | None = None) -> User:
        """Return a user by name, or else by the address of mail.

        Raises:
            UnknownUserError: there is none.
        """
        found = users.find_user(connection, username=username, email=email)
        if found is None:
            raise UnknownUserError(f"There is no user {username if username is not None else email!r}.")
        return found

    # --- Roles --------------------------------------------------------------------------------------------------------

    def create_role(self, connection: sa.Connection, name: str, pairs: Collection[Pair] = ()) -> None:
        """Make a role.

        Raises:
            AccountError: there is one, the name is none, or a permission is none.
        """
        _check_role(name)
        _check_pairs(pairs)
        ensure_roles(connection)
        if not roles.add_roles(connection, [name]):
            raise TakenError(f"There already is a role {name!r}.")
        if pairs:
            roles.grant(connection, {name: pairs})
        self._record(connection, "roles.create", after={"name": name, "permissions": sorted(pairs)})

    def change_role(
        self,
        connection: sa.Connection,
        name: str,
        *,
        add: Collection[Pair] = (),
        take: Collection[Pair] = (),
        exactly: Collection[Pair] | None = None,
    ) -> None:
        """Give a role permissions, take some, or say all that it gives.

        Raises:
            AccountError: there is no such role, or a permission is none.
        """
        self._require_roles(connection, [name])
        _check_pairs([*add, *(exactly or ())])
        before = roles.list_roles(connection, names=[name])[0]
        if exactly is not None:
            roles.set_permissions(connection, name, exactly)
        if add:
            roles.grant(connection, {name: add})
        if take:
            roles.revoke(connection, name, take)
        after = roles.list_roles(connection, names=[name])[0]
        self._record(
            connection,
            "roles.change",
            before={"name": name, "permissions": sorted(set(before.permissions) - set(after.permissions))},
            after={"name": name, "permissions": sorted(set(after.permissions) - set(before.permissions))},
        )

    def delete_role(self, connection: sa.Connection, name: str) -> None:
        """Delete a role, and take it from who has it.

        Raises:
            AccountError: there is no such role, or it is a built-in one.
        """
        self._require_roles(connection, [name])
        if name in BUILT_IN:
            raise AccountError(
                f"The role {name} is built in and stays; take permissions from it, or give users others."
            )
        roles.delete_roles(connection, [name])
        self._record(connection, "roles.delete", before={"name": name})

    def _require_roles(self, connection: sa.Connection, names: Iterable[str]) -> None:
        ensure_roles(connection)
        wanted = list(names)
        known = roles.role_ids(connection)
        for name in wanted:
            if name not in known:
                raise UnknownRoleError(f"There is no role {name!r}; there are {', '.join(sorted(known))}.")

    def _record(self, connection: sa.Connection, event: str, **what: Any) -> None:
        record(connection, actor=self.actor, event=event, now=self.now(), ids=self.ids, **what)


def _check_parts(parts: dict[str, str]) -> None:
    for name, value in parts.items():
        words = name.replace("_", " ")
        if not value.strip() and name in {"username", "email"}:
            raise AccountError(f"A user needs a {words}.")
        if len(value) > LONGEST[name]:
            raise AccountError(f"The {words} is too long: at most {LONGEST[name]} characters.")
        if any(not letter.isprintable() for letter in value) or value != value.strip():
            raise AccountError(f"The {words} has characters that do not show, or begins or ends with a blank.")


def _check_role(name: str) -> None:
    if not name.strip() or len(name) > LONGEST_ROLE or not name.isprintable() or name != name.strip():
        raise AccountError(f"{name!r} is no name of a role: give 1 to {LONGEST_ROLE} characters that show.")


def _check_pairs(pairs: Iterable[Pair]) -> None:
    for action, resource in pairs:
        if action not in ACTIONS:
            raise AccountError(f"{action!r} is no action of a permission: there are {', '.join(ACTIONS)}.")
        if not resource.strip() or len(resource) > 250 or not resource.isprintable():
            raise AccountError(f"{resource!r} is no name of a resource.")


def _shown(user: User) -> dict[str, Any]:
    return {name: getattr(user, name) for name in SHOWN}
