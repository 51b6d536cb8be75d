"""Flask-AppBuilder's classes fit the tables that our migration makes, on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from flask_appbuilder import Model
from flask_appbuilder.security.sqla.models import Role, User
from sqlalchemy.orm import Session
from tradewind.access.fab.models import fit_models
from tradewind.access.roles import BUILT_IN, ensure_roles
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import roles, users

fit_models()
THEIRS = {name: table for name, table in Model.metadata.tables.items() if name.startswith("ab_")}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url, is_direct=True)
    yield database
    database.dispose()


def test_each_column_is_there_as_wide_and_as_nullable(database: Database) -> None:
    inspector = sa.inspect(database.engine)
    for name, table in THEIRS.items():
        ours = {each["name"]: each for each in inspector.get_columns(name)}
        assert set(ours) == {each.name for each in table.columns}, name
        for column in table.columns:
            found = ours[column.name]
            where = f"{name}.{column.name}"
            assert found["nullable"] or not column.nullable, where
            # Null where theirs may be null, or theirs cannot be stored
            assert found["nullable"] == column.nullable or name == "ab_group", where
            wanted, has = getattr(column.type, "length", None), getattr(found["type"], "length", None)
            assert wanted is None or has is None or has >= wanted, where


def test_what_is_unique_there_is_unique_here(database: Database) -> None:
    inspector = sa.inspect(database.engine)
    for name, table in THEIRS.items():
        found = {tuple(sorted(each["column_names"])) for each in inspector.get_unique_constraints(name)}
        found |= {tuple(sorted(each["column_names"])) for each in inspector.get_indexes(name) if each["unique"]}
        wanted = {
            tuple(sorted(column.name for column in each.columns))
            for each in table.constraints
            if isinstance(each, sa.UniqueConstraint)
        }
        wanted |= {(column.name,) for column in table.columns if column.unique}
        assert wanted <= found, name


def test_their_classes_write_what_our_statements_read(database: Database) -> None:
    database.write(ensure_roles)
    with Session(database.engine) as session:
        role = session.scalars(sa.select(Role).where(Role.name == "Viewer")).one()
        parts = {"first_name": "A", "last_name": "B", "email": "ann@example.org", "active": True}
        user = User(username="ann", **parts, roles=[role])
        session.add(user)
        session.commit()
        key = user.id
    with database.read() as connection:
        found = users.identify(connection, "ANN")
        (listed,) = users.list_users(connection)
    assert found is not None
    assert (found.user_id, found.permissions) == (key, BUILT_IN["Viewer"])
    assert listed.roles == ("Viewer",)
    assert listed.created_on is not None
    assert abs(listed.created_on - datetime.now(timezone.utc)) < timedelta(minutes=1), "in UTC, wherever this host is"


def test_an_id_is_never_given_twice(database: Database) -> None:
    database.write(lambda c: roles.add_roles(c, ["first"]))
    with database.read() as connection:
        before = roles.role_ids(connection)["first"]
    database.write(lambda c: roles.delete_roles(c, ["first"]))
    database.write(lambda c: roles.add_roles(c, ["second"]))
    with database.read() as connection:
        assert roles.role_ids(connection) == {"second": roles.role_ids(connection)["second"]}
        assert roles.role_ids(connection)["second"] != before
