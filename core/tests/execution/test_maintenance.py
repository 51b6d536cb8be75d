"""The maintenance DAGs by real workers: what goes, what stays and why, and that no other DAG may ask for it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import tradewind.maintenance
from tradewind.execution.log_keys import log_key
from tradewind.execution.log_stores import open_log_store
from tradewind.execution.maintenance import Maintenance
from tradewind.execution.messages import Maintain, Start
from tradewind.execution.versions import VersionStore
from tradewind.metadata import tables
from tradewind.metadata.statements.cleaning import BY_INSTANCE, BY_RUN
from tradewind.plugins.xcoms import open_xcom_storage

FOLDER = Path(tradewind.maintenance.__file__).parent
NOW = datetime.now(timezone.utc)
OLD, RECENT = NOW - timedelta(days=100), NOW - timedelta(days=1)
STEPS = (
    "runs",
    "xcoms",
    "versions",
    "version_files",
    "backfills",
    "asset_events",
    "daemons",
    "audit_log",
    "stored_values",
    "logs",
    "report",
)


def deploy(house: Any, name: str, *, bundle: str = "maintenance") -> None:
    """Deploy a maintenance DAG, as the processor stores it from its bundle."""
    house.deploy((FOLDER / f"{name}.py").read_text(), path=f"{name}.py")
    come_from(house, name, bundle)


def come_from(house: Any, dag_id: str, bundle: str) -> None:
    version = tables.dag_version
    with house.database.transaction() as conn:
        conn.execute(sa.update(version).where(version.c.dag_id == dag_id).values(bundle=bundle))
        conn.execute(sa.update(tables.dag).where(tables.dag.c.dag_id == dag_id).values(bundle=bundle))


def add_run(house: Any, dag_id: str, run_id: str, at: datetime, state: str = "success", **more: Any) -> int:
    """Add a run with an instance, a log, and an XCom in the storage."""
    key = house.ids.block(1)[0]
    run = {
        "id": key, "dag_id": dag_id, "run_id": run_id, "run_type": "manual", "version_id": 1, "state": state,
        "logical_date": at, "triggered_by": "test", "queued_at": at,
        "ended_at": at if state in {"success", "failed"} else None,
    } | more  # fmt: skip
    task = {
        "id": key, "run": key, "dag_id": dag_id, "task_id": "t", "map_index": -1, "rank": 0, "state": state, "max_tries": 0,
        "priority": 1, "pool": "p", "pool_slots": 1, "executor": "e", "queue": "q",
    }  # fmt: skip
    storage = open_xcom_storage("folder", house.config.plugins.xcom_location)
    reference = storage.put(f"instance={key}/token=1/k.json", b"1")
    value = {"run": key, "task_id": "t", "map_index": -1, "key": "k", "type": "int", "size": 1, "pushed_at": at}
    with house.database.transaction() as conn:
        conn.execute(tables.dag_run.insert(), run)
        conn.execute(tables.task_instance.insert(), task)
        conn.execute(tables.xcom.insert(), value | {"storage": reference})
        conn.execute(tables.run_progress.insert(), {"run": key, "unfinished": 0})
    log = log_key(dag_id, run_id, "t", -1, 1, token=1)
    house.logs.put_chunk(log, 0, b"a line\n")
    house.logs.seal(log)
    return key


def run_ids(house: Any, dag_id: str) -> list[str]:
    run = tables.dag_run.c
    with house.database.read() as conn:
        return sorted(conn.execute(sa.select(run.run_id).where(run.dag_id == dag_id)).scalars())


def stored(house: Any) -> int:
    return len(list(open_xcom_storage("folder", house.config.plugins.xcom_location).references()))


def fill(house: Any) -> None:
    """Let a shop have runs that go, one that is the last, one under way, and the one before it."""
    add_run(house, "shop", "before it: ü/1", OLD - timedelta(days=3))
    add_run(house, "shop", "under way", OLD - timedelta(days=2), "running")
    add_run(house, "shop", "failed", OLD, "failed")
    add_run(house, "shop", "old", OLD + timedelta(hours=1))
    add_run(house, "shop", "last", RECENT)


def test_the_shipped_dag_removes_what_is_over_and_tells_what_it_has_kept(house: Any) -> None:
    deploy(house, "maintenance_history")
    fill(house)
    add_run(house, "other", "last", OLD)
    house.start_worker()
    _, state = house.run_dag("maintenance_history")
    assert state == "success"
    assert len(run_ids(house, "shop")) == 5, "a manual look removes nothing"
    run, state = house.run_dag("maintenance_history", conf={"dry_run": False})
    assert (state, house.states(run)) == ("success", dict.fromkeys(STEPS, "success"))
    assert run_ids(house, "shop") == ["before it: ü/1", "last", "under way"]
    assert run_ids(house, "other") == ["last"]
    logs = house.logs.keys()
    assert (sum("maintenance" not in key for key in logs), stored(house)) == (4, 4)
    report = house.last_value(run, "report")
    assert report["removed"]["dag_run"] == {"shop": 2}
    assert report["removed"]["task_log"] == {"shop": 2}
    assert report["kept"]["dag_run"] == {
        "other": {"last run: the next one may depend on it": 1},
        "shop": {"has not ended": 1, "a run that has not ended may depend on it": 1},
    }
    assert "shop: 2 runs removed" in house.log(run, "report")
    assert "shop: 1 runs kept: has not ended" in house.log(run, "runs")


def test_a_scheduled_run_removes_up_to_its_limit_and_the_next_goes_on(small_house: Any) -> None:
    house = small_house
    deploy(house, "maintenance_history")
    for number in range(5):
        add_run(house, "shop", f"r{number}", OLD + timedelta(minutes=number))
    house.start_worker(maintenance__limit=3)
    run, _ = house.run_dag("maintenance_history", run_type="scheduled")
    assert run_ids(house, "shop") == ["r3", "r4"]
    assert house.last_value(run, "report")["is_limited"] is True
    assert "the limit is reached, the next run goes on" in house.log(run, "report")
    run, _ = house.run_dag("maintenance_history", conf={"dry_run": True, "dag_id": "shop", "keep_runs": 1})
    assert "shop: 1 runs would be removed" in house.log(run, "runs")
    run, _ = house.run_dag("maintenance_history", run_type="scheduled")
    assert run_ids(house, "shop") == ["r4"]
    assert house.last_value(run, "report")["is_limited"] is False


def test_stale_dags_go_with_all_that_is_theirs_and_files_that_are_gone_with_their_errors(small_house: Any) -> None:
    house = small_house
    deploy(house, "maintenance_stale")
    names = ("gone", "young", "there")
    house.deploy("from tradewind import DAG\n" + "".join(f"{each} = DAG({each!r})\n" for each in names), path="dags.py")
    for dag_id, at in (("gone", OLD), ("young", RECENT), ("there", OLD)):
        for number in range(2):
            add_run(house, dag_id, f"r{number}", at + timedelta(minutes=number))
    file = {"bundle": "dags", "inputs": "[]", "warnings": "[]", "error": "no", "parsed_at": OLD}
    with house.database.transaction() as conn:
        of = tables.dag.c.dag_id
        conn.execute(sa.update(tables.dag).where(of.in_(["gone", "young"])).values(is_active=False))
        conn.execute(sa.update(tables.dag_version).where(tables.dag_version.c.dag_id != "x").values(created_at=OLD))
        files = {"gone.py": False, "there.py": True}
        conn.execute(
            tables.dag_file.insert(),
            [file | {"path": path, "is_present": is_there} for path, is_there in files.items()],
        )
    house.start_worker()
    run, state = house.run_dag("maintenance_stale", run_type="scheduled")
    assert state == "success"
    with house.database.read() as conn:
        assert set(conn.execute(sa.select(tables.dag.c.dag_id)).scalars()) == {"maintenance_stale", "there", "young"}
        assert list(conn.execute(sa.select(tables.dag_file.c.path)).scalars()) == ["there.py"]
    assert (run_ids(house, "gone"), run_ids(house, "young")) == ([], ["r0", "r1"])
    assert not house.logs.path("dag_id=gone").exists()
    assert house.last_value(run, "report")["removed"] == {
        "dag_run": {"gone": 2}, "task_log": {"gone": 2}, "dag": {"gone": 1}, "dag_file": {"": 1},
    }  # fmt: skip


THEIRS = """
    from tradewind import DAG, task
    from tradewind.operators.maintenance import MaintenanceOperator

    with DAG("flow"):
        MaintenanceOperator(task_id="forbidden", kind="dag_run")

        @task
        def work():
            return "done"

        work()
"""


def test_another_dag_is_refused_whatever_it_is_called_and_its_neighbour_works(small_house: Any) -> None:
    house = small_house
    house.deploy(THEIRS)
    deploy(house, "maintenance_history", bundle="dags")  # a user's file of that name
    add_run(house, "shop", "old", OLD)
    add_run(house, "shop", "last", RECENT)
    house.start_worker()
    run, state = house.run_dag(conf={"dry_run": False})
    assert (state, house.states(run)) == ("failed", {"forbidden": "failed", "work": "success"})
    (tried,) = house.tries(run, "forbidden")
    assert tried.cause == (
        "TradewindException: Task 'forbidden' of DAG 'flow' may not remove what is over: only workers do that for the DAGs that "
        "come with Tradewind (setting maintenance.enabled); `tradewind db clean` does it by hand."
    )
    assert not reply(house, start(house, "maintenance_history")).value
    assert run_ids(house, "shop") == ["last", "old"]


# --- The answers alone ------------------------------------------------------------------------------------------------


def start(house: Any, dag_id: str = "maintenance_history") -> Start:
    """Let a task of a DAG be at work, as rows only, and return what its worker knows of it."""
    with house.database.read() as conn:
        version = conn.execute(
            sa.select(tables.dag_version.c.id).where(tables.dag_version.c.dag_id == dag_id)
        ).scalar_one()  # fmt: skip
    key = add_run(house, dag_id, "at work", NOW, "running", version_id=version)
    with house.database.transaction() as conn:
        conn.execute(sa.update(tables.task_instance).where(tables.task_instance.c.id == key).values(token=3))
    return Start(
        instance=key, token=3, try_number=1, max_tries=0, dag_id=dag_id, run_id="at work", task_id="t", map_index=-1, run=key,
        run_type="manual", logical_date=None, data_interval_start=None, data_interval_end=None, run_started_at=None, conf="{}",
        version_id=version, source_hash="", root="", path="",
    )  # fmt: skip


def maintenance(house: Any, **settings: Mapping[str, Any]) -> Maintenance:
    config = replace(
        house.config, **{name: replace(getattr(house.config, name), **values) for name, values in settings.items()}
    )
    storage = open_xcom_storage("folder", config.plugins.xcom_location)
    return Maintenance(
        house.database, config, storage=storage, open_logs=partial(open_log_store, config), clock=house.clock
    )  # fmt: skip


def reply(house: Any, of: Start, kind: str = "dag_run", **asked: Any) -> Any:
    return maintenance(house).answer(of, Maintain(kind, asked.pop("most", 1000), asked.pop("dry_run", False), **asked))


def test_who_may_ask_is_looked_up_in_the_database(small_house: Any) -> None:
    house = small_house
    deploy(house, "maintenance_history")
    ours = start(house)
    assert reply(house, ours).error is None
    assert "a newer dispatch" in reply(house, replace(ours, token=2)).error
    assert "may not remove" in reply(house, replace(ours, instance=77)).error
    assert "knows nothing of 'slots'" in reply(house, ours, "slots").error
    come_from(house, "maintenance_history", "dags")
    for kind in ("dag_run", "xcom", "dag", "stored_xcom", "task_log", "version_files"):
        assert "may not remove" in reply(house, ours, kind).error


def test_a_batch_is_a_few_statements_and_a_message_that_comes_again_goes_on(house: Any, statements: Any) -> None:
    deploy(house, "maintenance_history")
    ours = start(house)
    for number in range(8):
        add_run(house, "shop", f"r{number}", OLD + timedelta(minutes=number))
    after = reply(house, ours).value["after"]
    assert after == "maintenance_history", "a DAG a message"
    with statements.recorded(house.database):
        first = reply(house, ours, most=3, after=after).value
    assert (first["removed"]["dag_run"], first["after"]) == ({"shop": 3}, after)
    statements.assert_at_most(11 + len((*BY_RUN, *BY_INSTANCE)))
    again = reply(house, ours, most=3, after=after).value
    assert again["removed"]["dag_run"] == {"shop": 3}
    rest = reply(house, ours, most=3, after=after).value
    assert (rest["removed"]["dag_run"], run_ids(house, "shop")) == ({"shop": 1}, ["r7"])
    end = reply(house, ours, after=after).value
    assert (end["removed"], end["after"]) == ({}, "shop")
    assert reply(house, ours, after="shop").value["after"] is None


def test_runs_with_many_instances_go_one_by_one(small_house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradewind.metadata.statements.cleaning.INSTANCES_AT_ONCE", 2)
    house = small_house
    deploy(house, "maintenance_stale")
    ours = start(house, "maintenance_stale")
    for number in range(4):
        add_run(house, "shop", f"r{number}", OLD + timedelta(minutes=number))
    with house.database.transaction() as conn:
        for number in range(3):
            row = (
                conn.execute(sa.select(tables.task_instance).where(tables.task_instance.c.dag_id == "shop"))
                .mappings()
                .first()
            )
            conn.execute(tables.task_instance.insert(), dict(row) | {"id": number, "map_index": number})
    sizes = [reply(house, ours, dag_id="shop").value["removed"]["dag_run"]["shop"] for _ in range(2)]
    assert sizes == [1, 2]


def test_logs_of_runs_that_are_gone_are_searched_for_where_that_is_asked_for(small_house: Any) -> None:
    house = small_house
    deploy(house, "maintenance_history")
    ours = start(house)
    add_run(house, "shop", "there", OLD)
    left = log_key("shop", "gone: ü/1", "t", -1, 1, token=1)
    for key in (left, log_key("shop", "just gone", "t", -1, 1, token=1)):
        house.logs.put_chunk(key, 0, b"x\n")
    for path in (house.logs.path(left), house.logs.path(left).parent, house.logs.path(left).parent.parent):
        os.utime(path, (OLD.timestamp(), OLD.timestamp()))
    asked = Maintain("task_log", 1000, False)
    assert maintenance(house).answer(ours, asked).value == {"removed": {}, "kept": {}, "after": None}
    searching = maintenance(house, retention={"task_log": 30.0})
    assert searching.answer(ours, replace(asked, dry_run=True)).value["removed"] == {"task_log": {"shop": 1}}
    found = searching.answer(ours, asked).value
    assert (found["removed"], found["after"]) == ({"task_log": {"shop": 1}}, "task_log")
    assert searching.answer(ours, replace(asked, after="task_log")).value["after"] is None
    assert house.logs.read(left) == b""
    assert len(house.logs.keys()) == 3


def test_copies_of_versions_that_the_database_no_longer_has_go(small_house: Any) -> None:
    house = small_house
    deploy(house, "maintenance_history")
    ours = start(house)
    with house.database.read() as conn:
        used = conn.execute(sa.select(tables.dag_version.c.source_hash)).scalars().first()
    store = VersionStore(house.home / "versions")
    for name, at in {"0" * 64: OLD, "1" * 64: NOW, used: OLD}.items():
        folder = store.folder / name
        (folder / "inner").mkdir(parents=True)
        (folder / "inner" / "flow.py").write_text("")
        (folder / "inner").chmod(0o555)
        os.utime(folder, (at.timestamp(), at.timestamp()))
        folder.chmod(0o555)
    assert reply(house, ours, "version_files", dry_run=True).value["removed"] == {"version_files": {"": 1}}
    assert reply(house, ours, "version_files").value["after"] == "version_files"
    assert reply(house, ours, "version_files", after="version_files").value["after"] is None
    assert sorted(path.name for path in store.folder.iterdir()) == sorted(["1" * 64, used])


def test_limits_of_single_dags_and_what_is_said_for_all(small_house: Any) -> None:
    house = small_house
    deploy(house, "maintenance_history")
    ours = start(house)
    for dag_id in ("audit", "etl_x", "shop"):
        for number in range(4):
            add_run(house, dag_id, f"r{number}", OLD + timedelta(minutes=number))
    told = maintenance(house, retention={"dags": ("audit:keep_days=0", "etl_*:keep_runs=3")})
    after: str | None = ""
    removed: dict[str, int] = {}
    while after is not None:
        done = told.answer(ours, Maintain("dag_run", 1000, False, after)).value
        removed |= done["removed"].get("dag_run", {})
        after = done["after"]
    assert removed == {"etl_x": 1, "shop": 3}
    wrong = maintenance(house, retention={"dags": ("audit",)})
    assert "'audit' in retention.dags is no limit" in wrong.answer(ours, Maintain("dag_run", 1, False)).error


def test_the_report_is_json(small_house: Any) -> None:
    house = small_house
    deploy(house, "maintenance_history")
    assert json.dumps(reply(house, start(house), dry_run=True).value)
