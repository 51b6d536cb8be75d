"""What a DAG gives to roles by `access_control`: written with the version that says it, and taken back by the one that does not."""

from __future__ import annotations

from typing import Any

import pytest
from tradewind.access.dag_access import sync_all_dags
from tradewind.metadata.cleaning import delete_dag
from tradewind.metadata.renaming import rename_dag
from tradewind.metadata.statements import roles
from tradewind.metadata.tables import dag

FILE = """
    from tradewind import DAG
    from tradewind.operators.empty import EmptyOperator

    with DAG("d", schedule=None, {said}):
        EmptyOperator(task_id="t")
    with DAG("other", schedule=None):
        EmptyOperator(task_id="t")
"""
BOTH = (
    'access_control={"own": {"DAGs": {"can_read", "can_edit"}, "DAG Runs": {"can_create"}}, "Viewer": {"can_dag_edit"}}'
)
GIVEN = {
    ("own", "can_read", "DAG:d"),
    ("own", "can_edit", "DAG:d"),
    ("own", "can_create", "DAG Run:d"),
    ("Viewer", "can_edit", "DAG:d"),
}


def given(parsing: Any, dag_id: str = "d") -> set[tuple[str, str, str]]:
    with parsing.database.read() as connection:
        return {(role, *pair) for role, pair in roles.of_dags(connection, [dag_id])}


def write(parsing: Any, said: str) -> str | None:
    parsing.write("d.py", FILE.replace("{said}", said))
    parsing.settle()
    error: str | None = parsing.file("d.py").error
    return error


def make_role(parsing: Any) -> None:
    parsing.database.write(lambda c: roles.add_roles(c, ["own"]))


def test_a_file_gives_roles_what_it_says_and_takes_it_back(parsing: Any) -> None:
    make_role(parsing)
    assert write(parsing, BOTH) is None
    assert given(parsing) == GIVEN
    assert write(parsing, 'access_control={"own": {"can_read"}}') is None
    assert given(parsing) == {("own", "can_read", "DAG:d")}
    assert write(parsing, "tags=['x']") is None
    assert given(parsing) == set()


def test_what_people_gave_stays_where_the_file_says_nothing(lite: Any) -> None:
    make_role(lite)
    write(lite, "")
    lite.database.write(lambda c: roles.grant(c, {"own": {("can_read", "DAG:d")}}))
    write(lite, "tags=['x']")
    assert given(lite) == {("own", "can_read", "DAG:d")}


def test_a_role_that_is_not_there_is_an_import_error_and_the_dag_stays_as_it_was(lite: Any) -> None:
    write(lite, "")
    error = write(lite, 'tags=["new"], access_control={"nobodys": {"can_read"}}')
    assert error is not None
    assert "'nobodys'" in error
    assert "`tradewind roles create nobodys`" in error
    assert "[no-such-role]" in error
    (row,) = lite.rows(dag, dag_id="d")
    assert (row.tags, row.is_active) == ("[]", True)
    lite.database.write(lambda c: roles.add_roles(c, ["nobodys"]))
    assert write(lite, 'tags=["newer"], access_control={"nobodys": {"can_read"}}') is None
    assert given(lite) == {("nobodys", "can_read", "DAG:d")}


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ('{"own": {"can_fly"}}', "'can_fly'"),
        ('{"own": {"DAG Runs": {"menu_access"}}}', "'menu_access'"),
        ('{"own": {"Pools": {"can_read"}}}', "'Pools'"),
        ('{"own": "can_read"}', "a set of actions"),
        ('{7: {"can_read"}}', "7"),
        ('["own"]', "a dict of roles"),
    ],
)
def test_what_makes_no_sense_is_an_import_error_that_names_it(lite: Any, said: str, named: str) -> None:
    error = write(lite, f"access_control={said}")
    assert error is not None
    assert "access_control" in error
    assert named in error


def test_it_is_written_when_it_changes_only(lite: Any, statements: Any) -> None:
    make_role(lite)
    write(lite, BOTH)
    with statements.recorded(lite.database):
        write(lite, f"{BOTH}, tags=['x']")
    writes = [text for text in statements.texts if "ab_" in text and not text.startswith("SELECT")]
    assert writes == []


def test_renaming_and_deleting_a_dag_takes_what_it_gives_along(lite: Any) -> None:
    make_role(lite)
    write(lite, BOTH)
    lite.database.write(lambda c: rename_dag(c, "d", "new"))
    assert given(lite) == set()
    assert {pair[-1] for pair in given(lite, "new")} == {"DAG:new", "DAG Run:new"}
    assert delete_dag(lite.database, "new", storage=None, batch=10)  # type: ignore[arg-type]
    assert given(lite, "new") == set()


def test_syncing_brings_back_what_the_files_say(lite: Any) -> None:
    make_role(lite)
    write(lite, BOTH)
    lite.database.write(lambda c: roles.delete_of_dag(c, "d"))
    assert lite.database.write(sync_all_dags) == 2
    assert given(lite) == GIVEN
    with lite.database.read() as connection:
        assert ("can_delete", "DAG:other") in roles.list_pairs(connection), "to be given to somebody"
    lite.database.write(lambda c: roles.delete_roles(c, ["own"]))
    lite.database.write(sync_all_dags)
    assert given(lite) == {("Viewer", "can_edit", "DAG:d")}
