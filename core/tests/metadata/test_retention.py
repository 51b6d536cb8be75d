"""After any pass nothing kept lacks a row and nothing that went has left one; a model in plain Python says which is which."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tradewind.config.errors import ConfigError
from tradewind.config.retention import RunLimits, before, configured_limits
from tradewind.config.sections import RetentionSection
from tradewind.metadata import cleaning, tables
from tradewind.metadata.engine import Database
from tradewind.metadata.statements.cleaning import BY_INSTANCE, BY_RUN
from tradewind.metadata.statements.retention import RULES, Limits, judge
from tradewind.plugins.xcoms import FolderStorage

DAY = timedelta(days=1)
NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
BEFORE = NOW - 50 * DAY
DAGS = ("a", "b", "c")
OF_RUN = ("xcom", "continuation", "past_gate", "event_outbox", "deadline", "run_note", "run_progress", "asset_run")
OF_INSTANCE = ("task_counter", "task_try", "deferral", "instance_label")
SEEDS = 50


@dataclass
class World:
    """What is in the database, by table: rows as dicts."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, table: str, **row: Any) -> dict[str, Any]:
        self.rows.setdefault(table, []).append(row)
        return row

    def of(self, table: str) -> list[dict[str, Any]]:
        return self.rows.get(table, [])

    def write(self, database: Database) -> None:
        with database.transaction() as conn:
            for name, rows in self.rows.items():
                conn.execute(tables.metadata.tables[name].insert(), rows)


def draw_world(rng: random.Random) -> World:
    """Draw DAGs with versions, runs of every kind and what may hang on them."""
    world = World()
    for dag_id in DAGS:
        is_active = dag_id != "c" or rng.random() < 0.3
        versions = [_version(world, rng, dag_id, number) for number in range(1, rng.randint(2, 4))]
        world.add(
            "dag", dag_id=dag_id, bundle="dags", path="f.py", version_id=versions[-1], is_paused=False, is_active=is_active,
            max_active_runs=1, max_active_tasks=1,
        )  # fmt: skip
        for _ in range(rng.randint(0, 7)):
            _run(world, rng, dag_id, rng.choice(versions))
        if rng.random() < 0.3:
            _backfill(world, rng, dag_id)
    runs = world.of("dag_run")
    for made in runs:
        if rng.random() < 0.3:
            by = rng.choice(runs)
            world.add("run_parent", run=made["id"], instance=by["id"], token=1)
    return world


def _version(world: World, rng: random.Random, dag_id: str, number: int) -> int:
    key = len(world.of("dag_version")) + 1
    world.add(
        "dag_version", id=key, dag_id=dag_id, number=number, structure_hash="s", source_hash="s", bundle="dags", path="f.py",
        serialized="{}", created_at=_moment(rng),
    )  # fmt: skip
    return key


def _moment(rng: random.Random) -> datetime:
    return NOW - rng.randint(1, 100) * DAY - rng.randint(0, 86399) * timedelta(seconds=1)


def _run(world: World, rng: random.Random, dag_id: str, version: int) -> None:
    key = len(world.of("dag_run")) + 1
    state = rng.choice(["success", "success", "failed", "failed", "running", "queued"])
    at = _moment(rng)
    date = at if rng.random() < 0.9 else None
    world.add(
        "dag_run", id=key, dag_id=dag_id, run_id=f"r{key}", version_id=version, state=state, triggered_by="t", queued_at=at,
        run_type=rng.choice(["scheduled", "manual", "manual", "backfill"]), logical_date=date,
        data_interval_start=date, data_interval_end=date and date + DAY,
        ended_at=at + timedelta(seconds=60) if state in {"success", "failed"} else None,
    )  # fmt: skip
    world.add(
        "task_instance", id=key, run=key, dag_id=dag_id, task_id="t", map_index=-1, rank=0, state=state, max_tries=0,
        priority=1, pool="p", pool_slots=1, executor="e", queue="q",
    )  # fmt: skip
    world.add("task_counter", instance=key, waits=0)
    world.add("instance_label", instance=key, label="n")
    world.add("task_try", instance=key, token=1, try_number=1, state="success", ended_at=at)
    world.add(
        "deferral",
        instance=key,
        token=1,
        classpath="x.Y",
        kwargs="",
        method="m",
        method_kwargs="",
        began_at=at,
        deferred_at=at,
    )
    world.add("xcom", run=key, task_id="t", map_index=-1, key="k", type="str", size=1, pushed_at=at)
    world.add("continuation", id=key, run=key, kind="expand", payload="{}", created_at=at)
    world.add("past_gate", run=key, task_id="t", map_index=-1)
    world.add("event_outbox", run=key, kind="x", state="success", ended_at=at)
    world.add("deadline", run=key, kind="sla", task_id="", seconds=1.0)
    world.add("run_note", run=key, note="n")
    world.add("run_progress", run=key, unfinished=0)
    world.add("asset_event", id=key, asset=1, at=at, extra="{}", dag_id=dag_id)
    world.add("asset_run", run=key, event=key)
    if rng.random() < 0.2:
        world.add("hold", id=key, dag_id=dag_id, run=key, held_at=at)
    if rng.random() < 0.2:
        due = at if rng.random() < 0.5 else None
        world.add("callback", run=key, kind="k", state="success", happened_at=at, names="[]", due_at=due)


def _backfill(world: World, rng: random.Random, dag_id: str) -> None:
    key = len(world.of("backfill")) + 1
    first = _moment(rng)
    is_open = rng.random() < 0.6
    world.add(
        "backfill", id=key, dag_id=dag_id, first_date=first, last_date=first + rng.randint(0, 20) * DAY, max_active_runs=1,
        is_reverse=False, reprocess="none", state="paused" if is_open else "success", created_at=first,
        ended_at=None if is_open else first + DAY,
    )  # fmt: skip
    world.add(
        "backfill_date", backfill=key, position=0, logical_date=first, data_interval_start=first, data_interval_end=first,
        state="pending",
    )  # fmt: skip


# --- The model --------------------------------------------------------------------------------------------------------


def runs_that_go(world: World, limits: dict[str, tuple[datetime, int]]) -> set[int]:
    """Return the runs that a pass shall remove, DAG by DAG; what one removes may free what it had made."""
    there = {each["id"]: each for each in world.of("dag_run")}
    for dag_id, (moment, keep_runs) in sorted(limits.items()):
        doomed = {
            key for key, run in there.items() if run["dag_id"] == dag_id and _goes(world, there, run, moment, keep_runs)
        }  # fmt: skip
        there = {key: run for key, run in there.items() if key not in doomed}
    return {each["id"] for each in world.of("dag_run")} - there.keys()


def _goes(world: World, there: dict[int, Any], run: Any, moment: datetime, keep_runs: int) -> bool:
    if not run["ended_at"] or run["ended_at"] >= moment:
        return False
    own = [each for each in there.values() if each["dag_id"] == run["dag_id"]]
    newer = [each for each in own if each["ended_at"] and each["id"] > run["id"]]
    return not (keep_runs and len(newer) < keep_runs) and not _is_needed(world, there, run, own)


def _is_needed(world: World, there: dict[int, Any], run: Any, own: list[Any]) -> bool:
    dated = [each for each in own if each["logical_date"]]
    by_itself = [each for each in dated if each["run_type"] != "manual"]
    last = [
        _last(dated),
        _last(by_itself),
        _last([each for each in dated if each["state"] == "success"]),
        _last([each for each in dated if each["run_type"] == "scheduled"]),
    ]
    backfills = [each for each in world.of("backfill") if each["dag_id"] == run["dag_id"] and not each["ended_at"]]
    moments = [each["logical_date"] for each in dated if not each["ended_at"]] + [
        each["first_date"] for each in backfills
    ]
    for moment in moments:
        last += [_last([each for each in some if each["logical_date"] < moment]) for some in (dated, by_itself)]
    date = run["logical_date"]
    parents = {each["instance"] for each in world.of("run_parent") if each["run"] == run["id"]}
    return (
        run["id"] in last
        or any(date and each["first_date"] <= date <= each["last_date"] for each in backfills)
        or any(each["run"] == run["id"] for each in world.of("hold"))
        or any(each["run"] == run["id"] and each["due_at"] for each in world.of("callback"))
        or any(key in there and not there[key]["ended_at"] for key in parents)
    )


def _last(runs: Iterable[Any]) -> int | None:
    newest = max(runs, key=lambda each: (each["logical_date"], each["id"]), default=None)
    return newest and newest["id"]


# --- What is compared -------------------------------------------------------------------------------------------------


def keys(database: Database, table: str, column: str) -> set[Any]:
    with database.read() as conn:
        return set(conn.execute(sa.select(tables.metadata.tables[table].c[column])).scalars())


def check(database: Database, world: World, gone: set[int]) -> None:
    """Compare the rows that are left with those that runs which stay have."""
    kept = {each["id"] for each in world.of("dag_run")} - gone
    assert keys(database, "dag_run", "id") == kept
    assert keys(database, "task_instance", "id") == kept
    for table in OF_RUN:
        assert keys(database, table, "run") == kept, table
    for table in OF_INSTANCE:
        assert keys(database, table, "instance") == kept, table
    for table in ("callback", "hold"):
        assert keys(database, table, "run") == {each["run"] for each in world.of(table)} & kept, table
    parents = {each["run"] for each in world.of("run_parent") if {each["run"], each["instance"]} <= kept}
    assert keys(database, "run_parent", "run") == parents
    events = {each["id"] for each in world.of("asset_event")}
    assert keys(database, "asset_run", "event") <= keys(database, "asset_event", "id") <= events


def check_the_rest(database: Database, world: World) -> None:
    """Look at versions, stale DAGs and backfills, after a pass over all kinds."""
    with database.read() as conn:
        used = set(conn.execute(sa.select(tables.dag_run.c.version_id)).scalars())
    current = {each["version_id"] for each in world.of("dag") if each["dag_id"] in keys(database, "dag", "dag_id")}
    young = {each["id"] for each in world.of("dag_version") if each["created_at"] >= BEFORE}
    assert keys(database, "dag_version", "id") == used | current | young
    assert keys(database, "backfill_date", "backfill") == keys(database, "backfill", "id")
    dags = keys(database, "dag", "dag_id")
    assert {each["dag_id"] for each in world.of("dag") if each["is_active"]} <= dags
    assert keys(database, "dag_run", "dag_id") <= dags
    assert keys(database, "hold", "dag_id") <= dags


@pytest.fixture
def memory() -> Iterator[Database]:
    """A database in memory, to be emptied and filled."""
    database = Database("sqlite://")
    tables.metadata.create_all(database.engine)
    yield database
    database.dispose()


def empty(database: Database) -> None:
    with database.transaction() as conn:
        for table in tables.metadata.tables.values():
            conn.execute(table.delete())


def play(database: Database, storage: FolderStorage, rng: random.Random) -> Counter[str]:
    """Draw a world, make a pass over runs and compare, then one over the rest; return what happened how often."""
    world = draw_world(rng)
    world.write(database)
    kinds = [(BEFORE, 0), (NOW, rng.randint(1, 3)), (BEFORE, rng.randint(1, 3))]
    limits = {dag_id: rng.choice(kinds) for dag_id in DAGS}
    expected = runs_that_go(world, limits)
    with database.read() as conn:
        told = {dag_id: judge(conn, "dag_run", Limits(at, dag_id, n)) for dag_id, (at, n) in limits.items()}
    for dag_id, (at, number) in limits.items():
        only = [Limits(at, dag_id, number)]
        cleaning.clean(database, "dag_run", only, storage=storage, batch=rng.randint(1, 4))
    check(database, world, expected)
    first = {each["id"] for each in world.of("dag_run") if each["id"] in expected and each["dag_id"] == DAGS[0]}
    assert told[DAGS[0]][0] == ({DAGS[0]: len(first)} if first else {})  # nothing has gone before it
    reasons = Counter(reason for _, stays in told.values() for by_reason in stays.values() for reason in by_reason)
    for table in RULES:
        if table != "dag_run":
            cleaning.clean(database, table, BEFORE, storage=storage, batch=2)
    check_the_rest(database, world)
    return reasons


def test_after_any_pass_nothing_kept_is_lost_and_nothing_that_went_has_left_a_row(
    memory: Database, tmp_path: Path
) -> None:
    storage = FolderStorage(str(tmp_path))
    reasons: Counter[str] = Counter()
    for seed in range(SEEDS):
        empty(memory)
        print(f"seed {seed}")
        reasons += play(memory, storage, random.Random(seed))  # noqa: S311  (a seed must repeat, not be secret)
    assert {reason for reason, _ in RULES["dag_run"].keeps} == set(reasons)  # each has struck


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_is_so_on_every_database(database: Database, tmp_path: Path, seed: int) -> None:
    empty(database)
    play(database, FolderStorage(str(tmp_path)), random.Random(seed))  # noqa: S311  (as above)


def test_every_table_with_rows_of_runs_or_instances_is_cleaned_with_them() -> None:
    """Whoever adds a table: name it in `BY_RUN` or `BY_INSTANCE`, or here with the reason."""
    otherwise = {
        "task_instance": "deleted after what is its own",
        "asset_event": "has the run's names beside it, and stays by itself",
        "backfill_date": "goes with its backfill, and tells how the date ended",
    }
    named = {
        name: table for name, table in tables.metadata.tables.items() if {"run", "instance"} & set(table.columns.keys())
    }
    assert named.keys() == {each.name for each in (*BY_RUN, *BY_INSTANCE)} | otherwise.keys()


def test_limits_of_single_dags() -> None:
    section = RetentionSection(dag_run=30, dags=("etl_*:keep_runs=5", "etl_x:keep_runs=9", "audit:keep_days=0"))
    limits = configured_limits(section)
    assert limits.of("shop") == RunLimits(30, 0)
    assert limits.of("etl_x") == RunLimits(30, 5)
    assert limits.of("audit").is_for_ever
    assert configured_limits(RetentionSection(), unsaid_days=90).of("shop") == RunLimits(90, 0)
    assert configured_limits(RetentionSection(keep_runs=3), unsaid_days=90).of("shop") == RunLimits(0, 3)
    assert before(NOW, 0) == NOW - timedelta(hours=1)


@pytest.mark.parametrize(
    "wrong", ["etl", "etl:keep_days", "etl:keep_years=1", ":keep_days=1", "x:keep_runs=1.5", "x:keep_days=-1"]
)
def test_a_limit_of_another_form_is_refused_with_what_to_write(wrong: str) -> None:
    with pytest.raises(ConfigError, match=r"no limit: write a pattern of DAG ids, a colon, and keep_days=7"):
        configured_limits(RetentionSection(dags=(wrong,)))
