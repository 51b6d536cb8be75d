"""Watchers of assets: written down with the version that names them, and gone with the one that does not."""

from __future__ import annotations

import json
from typing import Any

from tradewind.metadata.statements import watchers

FILE = """
from tradewind import DAG, Asset, AssetWatcher
from tradewind.operators.empty import EmptyOperator
from tradewind.triggers.file import FileTrigger

watched = Asset("lines", watchers=[{watchers}])
with DAG("waits", schedule=[watched | Asset("other")]):
    EmptyOperator(task_id="t")
with DAG("makes", schedule=None):
    EmptyOperator(task_id="t", outlets=[watched])
"""


def found(parsing: Any) -> list[tuple[str, str, str, str]]:
    with parsing.database.read() as connection:
        return [(row.dag_id, row.uri, row.name, row.classpath) for row in watchers.find(connection)]


def write(parsing: Any, *each: str) -> None:
    parsing.write("lines.py", FILE.replace("{watchers}", ", ".join(each)))
    parsing.settle()


def test_they_come_and_go_with_the_version_of_the_dag_that_waits(parsing: Any) -> None:
    one, two = (f'AssetWatcher("{name}", FileTrigger(filepath="/incoming/{name}"))' for name in ("one", "two"))
    write(parsing, one, two)
    path = "tradewind.triggers.file.FileTrigger"
    assert found(parsing) == [("waits", "lines", "one", path), ("waits", "lines", "two", path)]
    write(parsing, two)
    assert found(parsing) == [("waits", "lines", "two", path)]
    write(parsing)
    assert found(parsing) == []


def test_arguments_that_are_no_json_are_the_files_own_error(parsing: Any) -> None:
    write(parsing, 'AssetWatcher("odd", FileTrigger(filepath=object()))')
    with parsing.database.read() as connection:
        (error,) = connection.exec_driver_sql("SELECT error FROM dag_file").scalars()
    assert "the arguments of the watcher 'odd' of 'lines'['filepath'] is no JSON" in error
    assert found(parsing) == []


def test_a_dag_without_any_is_stored_as_ever(parsing: Any) -> None:
    write(parsing)
    with parsing.database.read() as connection:
        texts = connection.exec_driver_sql("SELECT serialized FROM dag_version").scalars()
        assert all("watchers" not in json.loads(text) for text in texts)
