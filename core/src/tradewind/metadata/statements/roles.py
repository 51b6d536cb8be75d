"""Statements about roles and permissions: actions on resources. What DAGs give to roles is here too.

All are written for sets: what is there is read once, and what is missing is inserted in one statement for each table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from tradewind.authoring.access_control import PREFIXES
from tradewind.metadata.access_tables import (
    ab_group_role,
    ab_permission,
    ab_permission_view,
    ab_permission_view_role,
    ab_role,
    ab_user_role,
    ab_view_menu,
)
from tradewind.metadata.dialects import insert_or_keep
from tradewind.metadata.tables import dag, dag_version

Pair = tuple[str, str]
"""An action and a resource."""
BUILT_IN_NAMES = ("Admin", "Op", "User", "Viewer", "Public")
"""Roles that are there from the beginning; what they give is written when it is first asked for."""
AccessControl = Mapping[str, Mapping[str, Sequence[str]]]
"""What a DAG gives: actions by resource by role."""
AT_ONCE = 500
MARK = '"access_control":'
"""What stands in a serialized DAG that says something."""
Item = TypeVar("Item")

_pv, _pvr = ab_permission_view.c, ab_permission_view_role.c


@dataclass(frozen=True, slots=True)
class Role:
    """A role with its permissions, as (action, resource), in order."""

    name: str
    permissions: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class CountedRole:
    """A role with how many permissions it has, and how many of them are on single DAGs."""

    name: str
    permissions: int
    on_dags: int


def role_ids(connection: sa.Connection, names: Collection[str] | None = None) -> dict[str, int]:
    """Return the ids of roles by name: of these, or of all."""
    query = sa.select(ab_role.c.name, ab_role.c.id)
    if names is not None:
        query = query.where(ab_role.c.name.in_(sorted(names)))
    return {row.name: row.id for row in connection.execute(query)}


def list_roles(
    connection: sa.Connection,
    *,
    names: Collection[str] | None = None,
    limit: int | None = None,
    offset: int = 0,
    is_descending: bool = False,
) -> list[Role]:
    """Return roles by name, with their permissions."""
    order = ab_role.c.name.desc() if is_descending else ab_role.c.name
    query = sa.select(ab_role.c.id, ab_role.c.name).order_by(order).limit(limit).offset(offset)
    if names is not None:
        query = query.where(ab_role.c.name.in_(sorted(names)))
    found = connection.execute(query).all()
    given: dict[int, list[Pair]] = {row.id: [] for row in found}
    of_roles = _granted().where(_pvr.role_id.in_(list(given)))
    for row in connection.execute(of_roles):
        given[row[0]].append((row[1], row[2]))
    return [Role(row.name, tuple(sorted(given[row.id], key=lambda pair: (pair[1], pair[0])))) for row in found]


def count_roles(connection: sa.Connection) -> int:
    """Return how many roles there are."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(ab_role)).scalar_one())


def list_counted(connection: sa.Connection, *, limit: int, offset: int = 0) -> list[CountedRole]:
    """Return roles by name with how much each gives, counted by the database: DAG files may give thousands."""
    of_one_dag = sa.or_(*(ab_view_menu.c.name.startswith(prefix) for prefix in PREFIXES.values()))
    query = (
        sa.select(
            ab_role.c.name,
            sa.func.count(_pv.id).label("permissions"),
            sa.func.coalesce(sa.func.sum(sa.case((of_one_dag, 1), else_=0)), 0).label("on_dags"),
        )
        .select_from(ab_role)
        .outerjoin(ab_permission_view_role, _pvr.role_id == ab_role.c.id)
        .outerjoin(ab_permission_view, _pv.id == _pvr.permission_view_id)
        .outerjoin(ab_view_menu, ab_view_menu.c.id == _pv.view_menu_id)
        .group_by(ab_role.c.name)
        .order_by(ab_role.c.name)
    )
    rows = connection.execute(query.limit(limit).offset(offset))
    return [CountedRole(row.name, int(row.permissions), int(row.on_dags)) for row in rows]


def list_pairs(connection: sa.Connection) -> set[Pair]:
    """Return all permissions that there are, whoever has them."""
    return set(_ids_of_pairs(connection, None))


def filled_roles(connection: sa.Connection, names: Collection[str]) -> set[str]:
    """Return those of some roles that are there and give something besides what single DAGs have given them."""
    of_one_dag = sa.or_(*(ab_view_menu.c.name.startswith(prefix) for prefix in PREFIXES.values()))
    query = (
        sa.select(ab_role.c.name)
        .distinct()
        .join_from(ab_role, ab_permission_view_role, _pvr.role_id == ab_role.c.id)
        .join(ab_permission_view, _pv.id == _pvr.permission_view_id)
        .join(ab_view_menu, ab_view_menu.c.id == _pv.view_menu_id)
        .where(ab_role.c.name.in_(sorted(names)), ~of_one_dag)
    )
    return set(connection.execute(query).scalars())


def add_roles(connection: sa.Connection, names: Iterable[str]) -> list[str]:
    """Insert roles that are not there yet; return their names."""
    wanted = list(dict.fromkeys(names))
    known = role_ids(connection, wanted)
    new = [name for name in wanted if name not in known]
    if new:
        connection.execute(insert_or_keep(connection.dialect.name, ab_role).values([{"name": name} for name in new]))
    return new


def delete_roles(connection: sa.Connection, names: Collection[str]) -> list[str]:
    """Delete roles with what they give, and take them from who has them; return the names of those that there were."""
    found = role_ids(connection, names)
    ids = list(found.values())
    if ids:
        for table in (ab_permission_view_role, ab_user_role, ab_group_role):
            connection.execute(sa.delete(table).where(table.c.role_id.in_(ids)))
        connection.execute(sa.delete(ab_role).where(ab_role.c.id.in_(ids)))
    return sorted(found)


def grant(connection: sa.Connection, wanted: Mapping[str, Collection[Pair]]) -> int:
    """Give roles permissions that they do not have yet; permissions are made where nobody had them.

    Arguments:
        wanted: permissions by the name of a role, which is there.
    Returns:
        how many were given.
    """
    pairs = {pair for each in wanted.values() for pair in each}
    roles = role_ids(connection, list(wanted))
    keys = ensure_pairs(connection, pairs)
    rows = connection.execute(
        sa.select(_pvr.role_id, _pvr.permission_view_id).where(_pvr.role_id.in_(list(roles.values())))
    )
    known = {(row.role_id, row.permission_view_id) for row in rows}
    new = sorted({(roles[role], keys[pair]) for role, each in wanted.items() for pair in each} - known)
    for part in _parts(new):
        insert = insert_or_keep(connection.dialect.name, ab_permission_view_role)
        connection.execute(insert.values([{"role_id": role, "permission_view_id": key} for role, key in part]))
    return len(new)


def revoke(connection: sa.Connection, role: str, pairs: Collection[Pair]) -> int:
    """Take permissions from a role; return how many it had."""
    keys = list(_ids_of_pairs(connection, pairs).values())
    number = role_ids(connection, [role])[role]
    statement = sa.delete(ab_permission_view_role).where(_pvr.role_id == number, _pvr.permission_view_id.in_(keys))
    return connection.execute(statement).rowcount


def set_permissions(connection: sa.Connection, role: str, pairs: Collection[Pair]) -> None:
    """Have a role give these permissions and no others."""
    number = role_ids(connection, [role])[role]
    has = {(row[1], row[2]) for row in connection.execute(_granted().where(_pvr.role_id == number))}
    if surplus := has - set(pairs):
        revoke(connection, role, surplus)
    if missing := set(pairs) - has:
        grant(connection, {role: missing})


def ensure_pairs(connection: sa.Connection, pairs: Collection[Pair]) -> dict[Pair, int]:
    """Make permissions that are not there yet; return the ids of all of these."""
    keys = _ids_of_pairs(connection, pairs)
    missing = sorted(set(pairs) - set(keys))
    if not missing:
        return keys
    actions = _ids_of_names(connection, ab_permission, {action for action, _ in missing})
    resources = _ids_of_names(connection, ab_view_menu, {resource for _, resource in missing})
    rows = [{"permission_id": actions[action], "view_menu_id": resources[resource]} for action, resource in missing]
    for part in _parts(rows):
        connection.execute(insert_or_keep(connection.dialect.name, ab_permission_view).values(part))
    return keys | _ids_of_pairs(connection, missing)


# --- What DAGs give ---------------------------------------------------------------------------------------------------


def of_dags(connection: sa.Connection, dag_ids: Collection[str]) -> dict[tuple[str, Pair], tuple[int, int]]:
    """Return who has which permission on single DAGs: by role and permission the ids of both."""
    query = (
        sa.select(ab_role.c.name, ab_permission.c.name, ab_view_menu.c.name, ab_role.c.id, _pv.id)
        .join_from(ab_permission_view_role, ab_permission_view, _pv.id == _pvr.permission_view_id)
        .join(ab_permission, ab_permission.c.id == _pv.permission_id)
        .join(ab_view_menu, ab_view_menu.c.id == _pv.view_menu_id)
        .join(ab_role, ab_role.c.id == _pvr.role_id)
    )
    found: dict[tuple[str, Pair], tuple[int, int]] = {}
    for part in _parts(sorted(resource for dag_id in dag_ids for resource in _resources(dag_id))):
        rows = connection.execute(query.where(ab_view_menu.c.name.in_(part)))
        found |= {(role, (action, resource)): (role_id, key) for role, action, resource, role_id, key in rows}
    return found


def set_of_dags(connection: sa.Connection, wanted: Mapping[str, AccessControl]) -> bool:
    """Have roles have these permissions on DAGs, and no others on them; tell whether that changed anything.

    Arguments:
        wanted: what each DAG gives, by its id. A role that is not there is made: it is a built-in one.
    """
    has = of_dags(connection, list(wanted))
    given = {
        (role, (action, f"{PREFIXES[resource]}{dag_id}"))
        for dag_id, access in wanted.items()
        for role, by_resource in access.items()
        for resource, actions in by_resource.items()
        for action in actions
    }
    surplus = [ids for each, ids in has.items() if each not in given]
    for part in _parts(surplus):
        connection.execute(
            sa.delete(ab_permission_view_role).where(sa.tuple_(_pvr.role_id, _pvr.permission_view_id).in_(part))
        )
    missing: dict[str, set[Pair]] = {}
    for role, pair in given - set(has):
        missing.setdefault(role, set()).add(pair)
    if missing:
        add_roles(connection, missing)
        grant(connection, missing)
    return bool(surplus or missing)


def current_dags(connection: sa.Connection) -> dict[str, str]:
    """Return all active DAGs, serialized, by id."""
    query = sa.select(dag.c.dag_id, dag_version.c.serialized).join(dag_version, dag_version.c.id == dag.c.version_id)
    return {row.dag_id: row.serialized for row in connection.execute(query.where(dag.c.is_active))}


def delete_of_dag(connection: sa.Connection, dag_id: str) -> None:
    """Delete the permissions on a DAG, whoever has them."""
    ids = sa.select(ab_view_menu.c.id).where(ab_view_menu.c.name.in_(_resources(dag_id)))
    menus = list(connection.execute(ids).scalars())
    if not menus:
        return
    keys = list(connection.execute(sa.select(_pv.id).where(_pv.view_menu_id.in_(menus))).scalars())
    connection.execute(sa.delete(ab_permission_view_role).where(_pvr.permission_view_id.in_(keys)))
    connection.execute(sa.delete(ab_permission_view).where(_pv.id.in_(keys)))
    connection.execute(sa.delete(ab_view_menu).where(ab_view_menu.c.id.in_(menus)))


def rename_of_dag(connection: sa.Connection, old: str, new: str) -> None:
    """Give the permissions on a DAG to another id; where there are some on that, its file has said so, and they stay."""
    name = ab_view_menu.c.name
    if connection.execute(sa.select(name).where(name.in_(_resources(new))).limit(1)).first() is not None:
        delete_of_dag(connection, old)
        return
    for before, after in zip(_resources(old), _resources(new), strict=True):
        connection.execute(sa.update(ab_view_menu).where(name == before).values(name=after))


# --- Inner ------------------------------------------------------------------------------------------------------------


def _resources(dag_id: str) -> list[str]:
    return [f"{prefix}{dag_id}" for prefix in PREFIXES.values()]


def _granted() -> sa.Select[Any]:
    return (
        sa.select(_pvr.role_id, ab_permission.c.name, ab_view_menu.c.name)
        .join_from(ab_permission_view_role, ab_permission_view, _pv.id == _pvr.permission_view_id)
        .join(ab_permission, ab_permission.c.id == _pv.permission_id)
        .join(ab_view_menu, ab_view_menu.c.id == _pv.view_menu_id)
    )


def _ids_of_pairs(connection: sa.Connection, pairs: Collection[Pair] | None) -> dict[Pair, int]:
    query = (
        sa.select(ab_permission.c.name.label("action"), ab_view_menu.c.name.label("resource"), _pv.id)
        .join_from(ab_permission_view, ab_permission, ab_permission.c.id == _pv.permission_id)
        .join(ab_view_menu, ab_view_menu.c.id == _pv.view_menu_id)
    )
    if pairs is None:
        return {(row.action, row.resource): row.id for row in connection.execute(query)}
    found: dict[Pair, int] = {}
    for part in _parts(sorted({resource for _, resource in pairs})):
        rows = connection.execute(query.where(ab_view_menu.c.name.in_(part)))
        found |= {(row.action, row.resource): row.id for row in rows}
    wanted = set(pairs)
    return {pair: key for pair, key in found.items() if pair in wanted}


def _ids_of_names(connection: sa.Connection, table: sa.Table, names: Collection[str]) -> dict[str, int]:
    """Return the ids of actions or resources by name; those that are not there are made."""
    found: dict[str, int] = {}

    def look(wanted: Collection[str]) -> None:
        for part in _parts(sorted(wanted)):
            rows = connection.execute(sa.select(table.c.name, table.c.id).where(table.c.name.in_(part)))
            found.update({row.name: row.id for row in rows})

    look(names)
    missing = sorted(set(names) - set(found))
    for part in _parts(missing):
        insert = insert_or_keep(connection.dialect.name, table)
        connection.execute(insert.values([{"name": name} for name in part]))
    if missing:
        look(missing)
    return found


def _parts(items: list[Item]) -> Iterable[list[Item]]:
    return (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))
