from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from tradewind.execution.evidence import DirectRegistrar
from tradewind.execution.shelf import Shelf
from tradewind.metadata import tables
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.ids import RandomIds
from tradewind.plugins.named_xcoms import Rule, UnknownStorageError, XComStorages
from tradewind.plugins.xcoms import FolderStorage
from tradewind.transitions.loading import open_graphs
from tradewind.transitions.values import Outcome, XComValue
from tradewind_plugins.exceptions import XComNotFound

SMALL, LARGE = XComValue("small", "1", "int", 1), XComValue("a/large one", '"12345"', "str", 7, 5)


@pytest.fixture
def storage(tmp_path):
    return XComStorages(FolderStorage(str(tmp_path)))


def outcome(*xcoms):
    return Outcome(3, 4, "success", datetime(2021, 1, 1, tzinfo=timezone.utc), xcoms=xcoms)


def test_large_values_of_an_outcome_are_put_aside_and_come_back(storage, tmp_path):
    shelf = Shelf(storage, limit=6)
    small, large = shelf.put_all(outcome(SMALL, LARGE)).xcoms
    assert small == SMALL
    assert (large.value, large.length, large.size) == (None, 5, 7)
    assert large.storage == "instance=3/token=4/a%2Flarge%20one.json"
    assert shelf.fetch(large.value, large.storage, 3, 4)[0] == '"12345"'
    assert shelf.fetch(small.value, small.storage, 3, 4)[0] == "1"


def test_an_outcome_without_large_values_is_left_alone(storage, tmp_path):
    same = outcome(SMALL)
    assert Shelf(storage, limit=7).put_all(same) is same
    assert list(tmp_path.iterdir()) == []


def test_what_an_outcome_wants_is_where_it_goes(tmp_path):
    folders = {name: FolderStorage(str(tmp_path / name)) for name in ("default", "lake")}
    storages = XComStorages(folders["default"], {"lake": lambda: folders["lake"]}, [Rule("lake", above=100)])
    wanted = replace(LARGE, wanted="lake")
    larger = XComValue("larger", '"' + "x" * 200 + '"', "str", 202)
    kept = Shelf(storages, limit=6).put_all(outcome(SMALL, LARGE, wanted, larger, replace(SMALL, wanted="lake"))).xcoms
    assert [each.storage and each.storage.partition("instance")[0] for each in kept] == [
        None,
        "",
        "@lake/",
        "@lake/",
        None,
    ]
    with pytest.raises(UnknownStorageError, match="'sea'"):
        Shelf(storages, limit=6).put_all(outcome(replace(LARGE, wanted="sea")))


def test_the_outcome_of_a_dead_worker_whose_storage_is_gone_is_a_failure(storage, small_house):
    tools = {"graphs": open_graphs(), "clock": SystemClock(), "ids": RandomIds(SystemClock().now)}
    registrar = DirectRegistrar(small_house.database, shelf=Shelf(storage, limit=1), **tools)
    kept = registrar._kept_aside(outcome(replace(LARGE, wanted="lake")))
    assert (kept.state, kept.xcoms) == ("failed", ())
    assert "'lake', which plugins.xcom_storages does not name here; known: default" in kept.cause


def test_a_value_that_is_gone_is_named(storage):
    with pytest.raises(XComNotFound, match="no more in the storage under 'gone'"):
        Shelf(storage, limit=1).fetch(None, "gone", 3, 4)


def test_a_task_gets_what_another_put_aside(house: Any) -> None:
    house.deploy(
        """
        from tradewind import DAG, task

        with DAG("flow"):
            @task
            def write(ti):
                ti.xcom_push(key="extra", value="x" * 3000)
                return list(range(1000))

            @task
            def read(numbers, ti):
                return [sum(numbers), len(ti.xcom_pull(task_ids="write", key="extra"))]

            read(write())
        """
    )
    house.start_worker(execution__max_xcom_inline=1)
    run, state = house.run_dag()
    assert state == "success", house.log(run, "read")
    with house.database.read() as conn:
        found = conn.execute(sa.select(tables.xcom).where(tables.xcom.c.run == run)).all()
    rows = {(row.task_id, row.key): row for row in found}
    assert json.loads(rows["read", "return_value"].value) == [sum(range(1000)), 3000]
    for key, length in (("return_value", 1000), ("extra", None)):
        row = rows["write", key]
        assert (row.value, row.length) == (None, length)
        assert (house.home / "xcoms" / row.storage).stat().st_size == row.size
