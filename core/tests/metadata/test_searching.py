"""Lists of administration on every database: searched whatever the case, no letter a wildcard; and counted."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from tradewind.metadata.engine import Database
from tradewind.metadata.secrets import Cipher, open_cipher
from tradewind.metadata.statements import connections, roles, users, variables
from tradewind_plugins.connection import Connection

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
FOUND = (
    ("MAIL", {"inbox"}),
    ("0%", {"inbox"}),
    ("_", set()),
    ("%", {"inbox"}),
    ("o", {"inbox", "other"}),
    ("/", set()),
)


@pytest.fixture
def cipher(tmp_path: Path) -> Cipher:
    return open_cipher("", tmp_path)


@pytest.mark.parametrize(("pattern", "names"), FOUND)
def test_connections(database: Database, cipher: Cipher, pattern: str, names: set[str]) -> None:
    def fill(db: sa.Connection) -> None:
        for conn_id, text in (("inbox", "100% of the Mail"), ("other", None)):
            made = Connection(conn_id=conn_id, conn_type=conn_id, description=text)
            connections.add_connection(db, made, cipher=cipher)

    database.write(fill)
    with database.read() as db:
        assert connections.count(db, pattern=pattern) == len(names)
        assert {each.conn_id for each in connections.page_masked(db, limit=9, pattern=pattern)} == names
        assert connections.count(db, pattern=pattern, conn_type="inbox") == len(names & {"inbox"})
        assert connections.list_types(db) == ["inbox", "other"]


@pytest.mark.parametrize(("pattern", "names"), FOUND)
def test_variables(database: Database, cipher: Cipher, pattern: str, names: set[str]) -> None:
    def fill(db: sa.Connection) -> None:
        variables.set_variable(db, "inbox", "v", description="100% of the Mail", cipher=cipher)
        variables.set_variable(db, "other", "mail", description=None, cipher=cipher)

    database.write(fill)
    with database.read() as db:
        assert variables.count(db, pattern=pattern) == len(names)
        assert {each.key for each in variables.page(db, cipher=cipher, limit=9, pattern=pattern)} == names


@pytest.mark.parametrize(("pattern", "names"), FOUND)
def test_users(database: Database, pattern: str, names: set[str]) -> None:
    def fill(db: sa.Connection) -> None:
        for username, last in (("inbox", "100% Mail"), ("other", "")):
            parts = {"username": username, "first_name": "", "last_name": last, "email": username}
            users.add_user(db, **parts, password_hash=None, roles=(), now=NOW)

    database.write(fill)
    with database.read() as db:
        assert users.count_users(db, pattern=pattern) == len(names)
        assert {each.username for each in users.list_users(db, pattern=pattern)} == names


def test_roles_are_counted_by_the_database(database: Database, statements) -> None:
    pairs = {
        ("can_read", "Pools"),
        ("can_read", "DAG:a"),
        ("can_edit", "DAG:a"),
        ("can_read", "DAG Run:a"),
        ("can_read", "DAGs"),
    }

    def fill(db: sa.Connection) -> None:
        roles.add_roles(db, ["analyst", "idle"])
        roles.grant(db, {"analyst": pairs})

    database.write(fill)
    with statements.recorded(database), database.read() as db:
        found = {each.name: (each.permissions, each.on_dags) for each in roles.list_counted(db, limit=100)}
    statements.assert_at_most(1)
    assert (found["analyst"], found["idle"]) == ((5, 3), (0, 0))
