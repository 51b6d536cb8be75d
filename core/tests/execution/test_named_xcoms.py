"""Values go to the storage that their task, their DAG or a rule names, come from there, and go with their run."""

from __future__ import annotations

import json
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tradewind.config import Config
from tradewind.execution import results
from tradewind.metadata import cleaning, tables
from tradewind.plugins.named_xcoms import XComStorages, open_xcom_storages, split
from tradewind.testing.runs import load_dag, run_dag

FLOW = """
    import pandas as pd
    import polars as pl
    from tradewind import DAG, task
    from tradewind.operators.python import PythonOperator

    def classic(frame):
        return frame.with_columns(pl.col("n") * 2)

    with DAG("flow", xcom_storage="lake"):
        @task
        def load(ti):
            ti.xcom_push(key="extra", value="x" * 3000)
            return pd.DataFrame({"n": [1, 2, 39]})

        @task(xcom_storage="near")
        def turn(frame):
            return pl.from_pandas(frame)

        @task(xcom_storage="default")
        def many(frame):
            return list(range(len(frame), 1000))

        @task
        def small(frame, ti):
            return [int(frame["n"].sum()), type(frame).__module__, len(ti.xcom_pull(task_ids="load", key="extra"))]

        turned = PythonOperator(task_id="classic", python_callable=classic, op_args=[turn(load())]).output
        many(turned)
        small(turned)
        each = many.override(task_id="each", xcom_storage="near").expand(frame=[[1], [2]])
"""
ENDS = [84, "polars.dataframe.frame", 3000]
RULES = """
    import pyarrow as pa
    from tradewind import DAG, task

    with DAG("flow"):
        @task(multiple_outputs=True)
        def make():
            return {"table": pa.table({"a": [1]}), "much": "x" * 9000, "some": "x" * 2000, "little": 1}

        @task
        def take(table, much, some, little):
            return [table.num_rows, len(much), len(some), little]

        made = make()
        take(made["table"], made["much"], made["some"], made["little"])
"""
BY_SIZE_AND_TYPE = [{"type": "table", "storage": "lake"}, {"above": 8192, "storage": "near"}]


def settings_of(folder: Path, *names: str, rules: Any = ()) -> dict[str, str]:
    """Return the settings of storages, each in a folder of its own."""
    named = {name: {"storage": "folder", "location": str(folder / name)} for name in names}
    return {"xcom_storages": json.dumps(named), "xcom_rules": json.dumps(list(rules))}


def start_worker(house: Any, settings: dict[str, str], name: str = "w1") -> None:
    house.start_worker(
        name, execution__max_xcom_inline=1, **{f"plugins__{key}": each for key, each in settings.items()}
    )


def storages(house: Any, settings: dict[str, str]) -> XComStorages:
    config: Config = house.config
    return open_xcom_storages(replace(config, plugins=replace(config.plugins, **settings)))


def places(house: Any, run: int) -> dict[str, str | None]:
    """Return the name of the storage of each value of a run, None where it is in the database."""
    return {
        f"{row.task_id}.{row.key}[{row.map_index}]": None if row.storage is None else split(row.storage)[0]
        for row in house.xcom_rows(run)
    }


def files(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


@pytest.mark.long
def test_task_and_dag_name_the_storage_and_cleaning_empties_each(house: Any, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "lake", "near")
    house.deploy(FLOW)
    start_worker(house, settings)
    run, state = house.run_dag()
    assert state == "success", house.log(run, "load") + house.log(run, "small")
    assert house.last_value(run, "small") == ENDS
    assert places(house, run) == {
        "load.return_value[-1]": "lake",
        "load.extra[-1]": "lake",
        "turn.return_value[-1]": "near",
        "classic.return_value[-1]": "lake",
        "many.return_value[-1]": "default",
        "each.return_value[0]": "near",
        "each.return_value[1]": "near",
        "small.return_value[-1]": None,
    }
    kept = storages(house, settings)
    (turned,) = (row for row in house.xcom_rows(run) if row.task_id == "turn")
    assert results.load(kept.get(turned.storage))["n"].to_list() == [1, 2, 39]
    assert [files(tmp_path / each) for each in ("lake", "near", "home/xcoms")] == [3, 3, 1]
    assert cleaning.sweep(house.database, kept) == 0
    cleaning.delete_dag(house.database, "flow", storage=kept, batch=10)
    assert house.xcom_rows(run) == []
    assert [files(tmp_path / each) for each in ("lake", "near", "home/xcoms")] == [0, 0, 0]


@pytest.mark.long
def test_rules_choose_by_size_and_type_and_may_change(small_house: Any, tmp_path: Path) -> None:
    house = small_house
    house.deploy(RULES)
    settings = settings_of(tmp_path, "lake", "near", rules=BY_SIZE_AND_TYPE)
    start_worker(house, settings)
    run, state = house.run_dag()
    assert state == "success", house.log(run, "take")
    assert house.last_value(run, "take") == [1, 9000, 2000, 1]
    found = places(house, run)
    assert [found[f"make.{key}[-1]"] for key in ("table", "much", "some", "little")] == [
        "lake",
        "near",
        "default",
        None,
    ]
    changed = storages(house, settings_of(tmp_path, "near", "lake", rules=[{"storage": "near"}]))
    for row in house.xcom_rows(run):
        assert row.storage is None or len(changed.get(row.storage)) == row.size


def test_a_storage_that_is_not_known_there_fails_the_task_before_it_begins(small_house: Any, tmp_path: Path) -> None:
    house = small_house
    house.deploy(
        """
        from pathlib import Path
        from tradewind import DAG, task
        with DAG("flow"):
            @task(xcom_storage="lake")
            def work(): print("it began")
            work()
        """
    )
    start_worker(house, settings_of(tmp_path, "near"))
    run, state = house.run_dag()
    assert state == "failed"
    said = "task 'work': xcom_storage is 'lake', which plugins.xcom_storages does not name here; known: default, near"
    assert said in house.log(run)
    assert "it began" not in house.log(run)


def test_where_a_dag_is_tested_nothing_is_stored_so_no_storage_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    file = tmp_path / "values_in_named_storages.py"  # a name that no other test has: the module stays loaded
    file.write_text(textwrap.dedent(FLOW))
    done = run_dag(load_dag(file))
    assert done.state == "success", done.log
    assert done.value("small") == ENDS
    assert done.value("classic")["n"].to_list() == [2, 4, 78]


def test_a_value_whose_storage_is_named_no_more_fails_who_pulls_it(small_house: Any, tmp_path: Path) -> None:
    house = small_house
    house.deploy(
        """
        from tradewind import DAG, task
        with DAG("first"):
            @task(xcom_storage="lake")
            def make(): return "x" * 3000
            make()
        with DAG("flow"):
            @task
            def work(ti, params): return len(ti.xcom_pull(dag_id="first", run_id=ti.dag_run.conf["run"], task_ids="make"))
            work()
        """
    )
    worker = house.start_worker("w0", execution__max_xcom_inline=1, **plugins(settings_of(tmp_path, "lake")))
    run, state = house.run_dag("first")
    assert state == "success", house.log(run, "make")
    worker.terminate()
    worker.wait(20)
    start_worker(house, settings_of(tmp_path, "pond"))
    run, state = house.run_dag(conf={"run": run_id_of(house, run)})
    assert state == "failed"
    assert "in the storage 'lake', which plugins.xcom_storages does not name; it names pond" in house.log(run)


def plugins(settings: dict[str, str]) -> dict[str, str]:
    return {f"plugins__{key}": each for key, each in settings.items()}


def run_id_of(house: Any, run: int) -> str:
    with house.database.read() as conn:
        return str(conn.execute(sa.select(tables.dag_run.c.run_id).where(tables.dag_run.c.id == run)).scalar_one())


@pytest.mark.long
def test_two_names_for_one_place_do_not_delete_each_others_values(small_house: Any, tmp_path: Path) -> None:
    house = small_house
    house.deploy(FLOW)
    start_worker(house, settings_of(tmp_path, "lake", "near"))
    run, state = house.run_dag()
    assert state == "success", house.log(run, "small")
    # The lake by another name, and by its own besides; and what nothing refers to
    renamed = json.loads(settings_of(tmp_path, "lake", "near")["xcom_storages"])
    settings = {"xcom_storages": json.dumps({**renamed, "sea": renamed["lake"]}), "xcom_rules": ""}
    kept = storages(house, settings)
    (instance,) = {split(row.storage)[1].split("/")[0] for row in house.xcom_rows(run) if row.task_id == "load"}
    orphan = kept.put_in("sea", f"{instance}/token=99/gone.json", b"1")
    before = files(tmp_path / "lake")
    assert cleaning.sweep(house.database, kept, dry_run=True) == 2, "the orphan, by both names"
    assert cleaning.sweep(house.database, storages(house, {"xcom_storages": json.dumps({"sea": renamed["lake"]})})) == 1
    assert files(tmp_path / "lake") == before - 1
    with pytest.raises(KeyError):
        kept.get(orphan)


@pytest.mark.long
def test_workers_without_the_database_name_storages_of_the_server(remote: Any, tmp_path: Path) -> None:
    house = remote.house
    settings = settings_of(tmp_path, "lake", "near")
    remote.start_server(execution__max_xcom_inline=1, **plugins(settings))
    remote.start_worker()
    house.deploy(FLOW)
    run, state = house.run_dag()
    assert state == "success", house.log(run, "load") + house.log(run, "small")
    found = places(house, run)
    wanted = {
        "load.return_value": "lake",
        "turn.return_value": "near",
        "classic.return_value": "lake",
        "load.extra": "lake",
    }
    assert {name: found[f"{name}[-1]"] for name in wanted} == wanted
    assert found["many.return_value[-1]"] == "default"
    assert house.last_value(run, "small") == ENDS
