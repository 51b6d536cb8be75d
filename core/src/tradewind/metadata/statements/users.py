"""Statements about users, and the one that reads a user with all permissions of all roles."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.access_tables import (
    ab_group_role,
    ab_permission,
    ab_permission_view,
    ab_permission_view_role,
    ab_role,
    ab_user,
    ab_user_group,
    ab_user_role,
    ab_view_menu,
    api_token,
    web_session,
)
from tradewind.metadata.dialects import insert_or_keep
from tradewind.metadata.statements.roles import Pair, role_ids

ORDERS = ("id", "username", "first_name", "last_name", "email", "active", "last_login", "created_on", "changed_on")
"""Columns that users can be listed by."""
_user = ab_user.c
_CHANGED = frozenset({"first_name", "last_name", "username", "email", "active"})


@dataclass(frozen=True, slots=True)
class User:
    """A user with the names of roles, without the password."""

    id: int
    username: str
    first_name: str
    last_name: str
    email: str
    is_active: bool
    roles: tuple[str, ...]
    last_login: datetime | None
    login_count: int
    fail_login_count: int
    created_on: datetime | None
    changed_on: datetime | None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is and what they may do, read in one statement.

    Arguments:
        password_hash: null for users who log in elsewhere.
        more: further columns of the row that was asked for.
    """

    user_id: int
    username: str
    password_hash: str | None
    is_active: bool
    permissions: frozenset[Pair]
    more: Mapping[str, Any]


# --- Who somebody is --------------------------------------------------------------------------------------------------


def _roles_of_users() -> sa.Subquery:
    direct = sa.select(ab_user_role.c.user_id, ab_user_role.c.role_id)
    by_group = sa.select(ab_user_group.c.user_id, ab_group_role.c.role_id).join_from(
        ab_user_group, ab_group_role, ab_group_role.c.group_id == ab_user_group.c.group_id
    )
    return sa.union_all(direct, by_group).subquery("role_of_user")


def _with_permissions(query: sa.Select[Any], role_id: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Add a row for each permission of roles, or one with nulls where there is none."""
    granted, pair = ab_permission_view_role.c, ab_permission_view.c
    return (
        query.outerjoin(ab_permission_view_role, granted.role_id == role_id)
        .outerjoin(ab_permission_view, pair.id == granted.permission_view_id)
        .outerjoin(ab_permission, ab_permission.c.id == pair.permission_id)
        .outerjoin(ab_view_menu, ab_view_menu.c.id == pair.view_menu_id)
        .add_columns(ab_permission.c.name.label("action"), ab_view_menu.c.name.label("resource"))
    )


def _identifying(from_: sa.FromClause, *more: sa.ColumnElement[Any]) -> sa.Select[Any]:
    roles = _roles_of_users()
    query = sa.select(_user.id.label("user_id"), _user.username, _user.password, _user.active, *more)
    joined = query.select_from(from_).outerjoin(roles, roles.c.user_id == _user.id)
    return _with_permissions(joined, roles.c.role_id)


# Both sides by the database's own rule: SQLite's knows the letters of ASCII only
_NAME = sa.func.lower(sa.bindparam("name"))
_BY_NAME = _identifying(ab_user, _user.email).where(
    sa.or_(sa.func.lower(_user.username) == _NAME, sa.func.lower(_user.email) == _NAME)
)
LONGEST_NAME = 320
"""Characters of a name or an address of mail."""
_BY_ID = _identifying(ab_user).where(_user.id == sa.bindparam("key"))
_BY_TOKEN = _identifying(
    api_token.join(ab_user, _user.id == api_token.c.user_id),
    api_token.c.id,
    api_token.c.secret_hash,
    api_token.c.scopes,
    api_token.c.dags,
    api_token.c.expires_at,
    api_token.c.revoked_at,
    api_token.c.last_used_at,
).where(api_token.c.lookup == sa.bindparam("lookup"))
_BY_SESSION = _identifying(
    web_session.join(ab_user, _user.id == web_session.c.user_id), web_session.c.begun_at, web_session.c.seen_at
).where(web_session.c.id == sa.bindparam("session"))
_OF_ROLE = _with_permissions(sa.select(ab_role.c.id.label("role")).select_from(ab_role), ab_role.c.id).where(
    ab_role.c.name == sa.bindparam("role_name")
)
_OWN = frozenset({"user_id", "username", "password", "active", "action", "resource"})


def identify(connection: sa.Connection, name: str, *, or_email: bool = False) -> Identity | None:
    """Return the user of a name, whose case does not count, unless that leaves two and neither is written so.

    Arguments:
        or_email: where nobody is called so, the user with that address of mail.
    """
    if len(name) > LONGEST_NAME or "\0" in name:  # PostgreSQL takes no text with a NUL
        return None
    found = _identities(connection, _BY_NAME, {"name": name})
    called = [each for each in found if each.username.lower() == name.lower()]
    exact = [each for each in called if each.username == name]
    few = exact or called or (found if or_email else [])
    return few[0] if len(few) == 1 else None


def identify_id(connection: sa.Connection, user_id: int) -> Identity | None:
    """Return the user of an id."""
    return next(iter(_identities(connection, _BY_ID, {"key": user_id})), None)


def identify_token(connection: sa.Connection, lookup: str) -> Identity | None:
    """Return the user whose API token has this public part; `more` has the token's columns."""
    return next(iter(_identities(connection, _BY_TOKEN, {"lookup": lookup})), None)


def identify_session(connection: sa.Connection, session: str) -> Identity | None:
    """Return the user of a browser's session; `more` has begun_at and seen_at."""
    return next(iter(_identities(connection, _BY_SESSION, {"session": session})), None)


def permissions_of_role(connection: sa.Connection, role: str) -> frozenset[Pair]:
    """Return the permissions of a role; none where there is no such role."""
    rows = connection.execute(_OF_ROLE, {"role_name": role})
    return frozenset((row.action, row.resource) for row in rows if row.resource is not None)


def _identities(connection: sa.Connection, query: sa.Select[Any], values: Mapping[str, Any]) -> list[Identity]:
    found: dict[int, tuple[Any, set[Pair]]] = {}
    for row in connection.execute(query, values):
        _, pairs = found.setdefault(row.user_id, (row, set()))
        if row.resource is not None:
            pairs.add((row.action, row.resource))
    return [
        Identity(
            row.user_id,
            row.username,
            row.password,
            bool(row.active),
            frozenset(pairs),
            {name: value for name, value in row._asdict().items() if name not in _OWN},
        )
        for row, pairs in found.values()
    ]


# --- Users ------------------------------------------------------------------------------------------------------------


def count_users(connection: sa.Connection, *, email: str | None = None, pattern: str | None = None) -> int:
    """Return how many users there are.

    Arguments:
        email: only the one with that address of mail.
        pattern: only those that have this text in a name or the address of mail, whatever the case.
    """
    query = sa.select(sa.func.count()).select_from(ab_user).where(*_wanted(email, pattern))
    return int(connection.execute(query).scalar_one())


def _wanted(email: str | None, pattern: str | None) -> list[sa.ColumnElement[bool]]:
    found = [] if email is None else [_user.email == email]
    if pattern is not None:
        columns = (_user.username, _user.first_name, _user.last_name, _user.email)
        found.append(sa.or_(*(column.icontains(pattern, autoescape=True) for column in columns)))
    return found


def list_users(
    connection: sa.Connection,
    *,
    names: Collection[str] | None = None,
    email: str | None = None,
    pattern: str | None = None,
    order_by: str = "username",
    is_descending: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> list[User]:
    """Return users with their roles, those of groups not among them.

    Arguments:
        names: these only.
        email, pattern: see `count_users`.
        order_by: one of `ORDERS`.
    """
    column = _user[order_by]
    query = sa.select(ab_user).order_by(column.desc() if is_descending else column, _user.id)
    if names is not None:
        query = query.where(_user.username.in_(sorted(names)))
    query = query.where(*_wanted(email, pattern))
    rows = connection.execute(query.limit(limit).offset(offset)).all()
    roles: dict[int, list[str]] = {row.id: [] for row in rows}
    has = (
        sa.select(ab_user_role.c.user_id, ab_role.c.name)
        .join_from(ab_user_role, ab_role, ab_role.c.id == ab_user_role.c.role_id)
        .where(ab_user_role.c.user_id.in_(list(roles)))
        .order_by(ab_role.c.name)
    )
    for user_id, role in connection.execute(has):
        roles[user_id].append(role)
    return [
        User(
            row.id,
            row.username,
            row.first_name,
            row.last_name,
            row.email,
            bool(row.active),
            tuple(roles[row.id]),
            _utc(row.last_login),
            row.login_count or 0,
            row.fail_login_count or 0,
            _utc(row.created_on),
            _utc(row.changed_on),
        )
        for row in rows
    ]


def find_user(connection: sa.Connection, *, username: str | None = None, email: str | None = None) -> User | None:
    """Return the user of this name, or else of this address of mail."""
    wanted = _user.username == username if username is not None else _user.email == email
    name = connection.execute(sa.select(_user.username).where(wanted)).scalar_one_or_none()
    return next(iter(list_users(connection, names=[name])), None) if name is not None else None


def add_user(
    connection: sa.Connection,
    *,
    username: str,
    first_name: str,
    last_name: str,
    email: str,
    password_hash: str | None,
    roles: Collection[str],
    now: datetime,
) -> int:
    """Insert a user with roles, which are there; return the id."""
    moment = _naive(now)
    values = {"username": username, "first_name": first_name, "last_name": last_name, "email": email}
    times = {"created_on": moment, "changed_on": moment}
    insert = sa.insert(ab_user).values(
        **values, **times, password=password_hash, active=True, login_count=0, fail_login_count=0
    )
    result = connection.execute(insert)
    key: int = result.inserted_primary_key[0]  # type: ignore[index]
    add_roles_to_user(connection, key, roles)
    return key


def change_user(connection: sa.Connection, user_id: int, *, now: datetime, **values: Any) -> None:
    """Change some of a user's first_name, last_name, username, email and active; one who is made inactive is logged out."""
    if unknown := set(values) - _CHANGED:
        raise ValueError(f"{sorted(unknown)} are no columns of a user that are changed this way")
    connection.execute(sa.update(ab_user).where(_user.id == user_id).values(**values, changed_on=_naive(now)))
    if values.get("active") is False:
        end_sessions(connection, user_id)


def set_password(connection: sa.Connection, user_id: int, password_hash: str, *, now: datetime) -> None:
    """Give a user another password; wherever they are logged in with a browser, they are not any more."""
    values = {"password": password_hash, "changed_on": _naive(now)}
    connection.execute(sa.update(ab_user).where(_user.id == user_id).values(**values))
    end_sessions(connection, user_id)


def end_sessions(connection: sa.Connection, user_id: int) -> None:
    """Log a user out everywhere."""
    connection.execute(sa.delete(web_session).where(web_session.c.user_id == user_id))


def delete_user(connection: sa.Connection, user_id: int) -> None:
    """Delete a user with roles, sessions and tokens."""
    for table in (ab_user_role, ab_user_group, web_session, api_token):
        connection.execute(sa.delete(table).where(table.c.user_id == user_id))
    connection.execute(sa.delete(ab_user).where(_user.id == user_id))


def add_roles_to_user(connection: sa.Connection, user_id: int, roles: Collection[str]) -> None:
    """Give a user roles, which are there; those that they have already stay."""
    ids = role_ids(connection, roles).values()
    if ids:
        rows = [{"user_id": user_id, "role_id": each} for each in ids]
        connection.execute(insert_or_keep(connection.dialect.name, ab_user_role).values(rows))


def set_roles_of_user(connection: sa.Connection, user_id: int, roles: Collection[str]) -> None:
    """Have a user have these roles and no others."""
    connection.execute(sa.delete(ab_user_role).where(ab_user_role.c.user_id == user_id))
    add_roles_to_user(connection, user_id, roles)


def note_login(connection: sa.Connection, user_id: int, *, now: datetime, is_success: bool) -> None:
    """Count a login, or a wrong password."""
    values: dict[str, Any] = {"fail_login_count": sa.func.coalesce(_user.fail_login_count, 0) + 1}
    if is_success:
        values = {"last_login": _naive(now), "fail_login_count": 0}
        values["login_count"] = sa.func.coalesce(_user.login_count, 0) + 1
    connection.execute(sa.update(ab_user).where(_user.id == user_id).values(values))


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(timezone.utc).replace(tzinfo=None)


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=timezone.utc)
