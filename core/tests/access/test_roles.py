"""Built-in roles, permissions on single DAGs, and what a user may do, on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

import pytest
import sqlalchemy as sa
from tradewind.access.operations import TABLE
from tradewind.access.roles import ADMIN, BUILT_IN, OP, USER, VIEWER, ensure_roles, make_dag_permissions, sync_roles
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import roles, users

NOW = datetime.now(timezone.utc)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


def given(database: Database, role: str) -> set[tuple[str, str]]:
    with database.read() as connection:
        return set(users.permissions_of_role(connection, role))


def test_each_role_has_all_that_the_one_before_it_has() -> None:
    for greater, less in ((ADMIN, OP), (OP, USER), (USER, VIEWER)):
        assert BUILT_IN[greater] > BUILT_IN[less]
    assert not BUILT_IN["Public"]


def test_the_administrator_may_do_every_operation() -> None:
    assert {need for each in TABLE.values() for need in each.needs} <= BUILT_IN[ADMIN]


def test_viewers_change_nothing_but_what_is_their_own() -> None:
    own = {"tokens.create", "tokens.revoke"}
    for each in TABLE.values():
        if each.is_audited:
            assert (set(each.needs) <= BUILT_IN[VIEWER]) == (each.name in own), each.name


def test_roles_are_made_once_and_then_cost_one_statement(database: Database, statements) -> None:
    assert database.write(ensure_roles)
    assert {name: given(database, name) for name in BUILT_IN} == {name: set(pairs) for name, pairs in BUILT_IN.items()}
    with statements.recorded(database):
        assert not database.write(ensure_roles)
    statements.assert_at_most(1)


def test_a_role_that_a_dag_file_named_first_is_filled_all_the_same(database: Database) -> None:
    database.write(lambda c: roles.set_of_dags(c, {"d": {"Viewer": {"DAGs": ["can_edit"]}}}))
    database.write(ensure_roles)
    assert given(database, "Viewer") == BUILT_IN[VIEWER] | {("can_edit", "DAG:d")}


def test_syncing_resets_the_built_in_roles_and_leaves_others_alone(database: Database) -> None:
    database.write(ensure_roles)
    extra = {("can_delete", "Connections"), ("can_read", "DAG:d")}
    database.write(lambda c: roles.grant(c, {"Viewer": extra}))
    database.write(lambda c: roles.revoke(c, "Viewer", {("can_read", "DAGs")}))
    database.write(lambda c: roles.add_roles(c, ["own"]))
    database.write(lambda c: roles.grant(c, {"own": extra}))
    database.write(sync_roles)
    assert given(database, "Viewer") == BUILT_IN[VIEWER] | {("can_read", "DAG:d")}
    assert given(database, "own") == extra


def test_one_statement_reads_a_user_with_the_permissions_of_all_roles_and_groups(
    database: Database, statements
) -> None:
    def fill(connection: sa.Connection) -> int:
        roles.add_roles(connection, ["one", "two", "three"])
        roles.grant(connection, {"one": {("can_read", "DAG:a")}, "two": {("can_read", "DAG:b"), ("can_read", "DAG:a")}})
        roles.grant(connection, {"three": {("can_edit", "DAG:c")}})
        parts = {"first_name": "A", "last_name": "N", "email": "a@example.org"}
        key = users.add_user(connection, username="ann", **parts, password_hash=None, roles=["one", "two"], now=NOW)
        connection.exec_driver_sql("INSERT INTO ab_group (id, name) VALUES (7, 'staff')")
        connection.exec_driver_sql(f"INSERT INTO ab_user_group (user_id, group_id) VALUES ({key}, 7)")
        three = roles.role_ids(connection)["three"]
        connection.exec_driver_sql(f"INSERT INTO ab_group_role (group_id, role_id) VALUES (7, {three})")
        return key

    key = database.write(fill)
    with statements.recorded(database), database.read() as connection:
        found = users.identify_id(connection, key)
    statements.assert_at_most(1)
    assert found is not None
    assert found.permissions == {("can_read", "DAG:a"), ("can_read", "DAG:b"), ("can_edit", "DAG:c")}


def test_a_name_counts_whatever_its_case_unless_there_are_two(database: Database) -> None:
    def fill(connection: sa.Connection) -> None:
        for name in ("Ann", "ann", "Bob", "Ärzte"):
            parts = {"first_name": name, "last_name": "N", "email": f"{name}.{name.islower()}@example.org"}
            users.add_user(connection, username=name, **parts, password_hash=None, roles=[], now=NOW)

    database.write(fill)
    with database.read() as connection:
        found = {
            name: users.identify(connection, name) for name in ("Ann", "ann", "ANN", "bob", "eve", "Ärzte", "a\0b")
        }
        by_mail = users.identify(connection, "bob.false@EXAMPLE.org", or_email=True)
    names = {name: each.username if each else None for name, each in found.items()}
    assert names == {"Ann": "Ann", "ann": "ann", "ANN": None, "bob": "Bob", "eve": None, "Ärzte": "Ärzte", "a\0b": None}
    assert by_mail is not None
    assert by_mail.username == "Bob"


def test_permissions_on_a_dag_go_and_are_renamed_with_it(database: Database) -> None:
    database.write(lambda c: make_dag_permissions(c, ["old", "old2"]))
    access = {"Viewer": {"DAGs": ["can_read"], "DAG Runs": ["can_create"]}}
    assert database.write(lambda c: roles.set_of_dags(c, {"old": access}))
    assert not database.write(lambda c: roles.set_of_dags(c, {"old": access})), "it is so already"
    database.write(lambda c: roles.rename_of_dag(c, "old", "new"))
    assert given(database, "Viewer") == {("can_read", "DAG:new"), ("can_create", "DAG Run:new")}
    database.write(lambda c: roles.delete_of_dag(c, "new"))
    assert not given(database, "Viewer")
    with database.read() as connection:
        assert {resource for _, resource in roles.list_pairs(connection)} == {"DAG:old2", "DAG Run:old2"}


def test_the_longest_id_of_a_dag_has_permissions(database: Database) -> None:
    dag_id = "d" * 250
    database.write(lambda c: roles.set_of_dags(c, {dag_id: {"Viewer": {"DAG Runs": ["can_create"]}}}))
    assert given(database, "Viewer") == {("can_create", f"DAG Run:{dag_id}")}


def test_what_many_dags_give_is_written_in_few_statements(database: Database, statements) -> None:
    database.write(ensure_roles)
    wanted = {f"d{number}": {"Viewer": {"DAGs": ["can_edit"]}} for number in range(100)}
    with statements.recorded(database):
        database.write(lambda c: roles.set_of_dags(c, wanted))
    statements.assert_at_most(14)
    with statements.recorded(database):
        database.write(lambda c: roles.set_of_dags(c, {}.fromkeys(wanted, {})))
    statements.assert_at_most(2)
    assert given(database, "Viewer") == BUILT_IN[VIEWER]
