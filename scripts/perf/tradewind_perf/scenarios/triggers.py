"""Triggers: what thousands of them hold in one process, and how soon after their moments their tasks are queued."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from tradewind.metadata import tables
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.secrets import open_cipher

from tradewind_perf.figures import Sample
from tradewind_perf.goals import at_most
from tradewind_perf.processes import MIB, largest_descendant, proportional_bytes
from tradewind_perf.scenario import Bench, Scenario
from tradewind_perf.servers import MARIADB, POSTGRESQL, SQLITE
from tradewind_perf.stage import Stage, open_stage

TRIGGERS = 5000
CLASSPATH = "tradewind.triggers.temporal.DateTimeTrigger"
LEAD_SECONDS = 25.0
SPREAD_SECONDS = 20.0
PATIENCE = 120.0
NOBODY = "NobodysExecutor"


def triggers(bench: Bench) -> Iterator[Sample]:
    """Yield what a triggerer with 5,000 triggers holds, and how late their tasks are queued: spread over 20 s, and at once."""
    number = bench.size(TRIGGERS, least=50)
    for turn in range(bench.repeat):
        bench.say(f"run {turn + 1}, {number} triggers")
        spread, memory = _measured(bench, number, SPREAD_SECONDS)
        at_once, _ = _measured(bench, number, 0.0)
        yield {
            "process of the triggers MiB": memory["child"],
            "triggerer with it MiB": memory["all"],
            "spread: p50 s": _share(spread, 0.5),
            "spread: p99 s": _share(spread, 0.99),
            "spread: latest s": spread[-1],
            "at once: p50 s": _share(at_once, 0.5),
            "at once: p99 s": _share(at_once, 0.99),
            "triggers": number,
        }


def _measured(bench: Bench, number: int, spread: float) -> tuple[list[float], dict[str, float]]:
    """Return the seconds, sorted, by which tasks were queued late, and what the triggerer held before the first."""
    with open_stage(bench.store(), daemons=()) as stage:
        begin = datetime.now().astimezone() + timedelta(seconds=LEAD_SECONDS * max(bench.scale, 0.3))
        moments = {_key: begin + timedelta(seconds=spread * place / number) for place, _key in _defer(stage, number)}
        _write(stage, moments)
        stage.start("triggerer")
        _await(stage, sa.and_(tables.deferral.c.triggerer.is_not(None)), number)
        pid = stage.daemons["triggerer"].pid
        time.sleep(max(0.0, (begin - datetime.now().astimezone()).total_seconds() - 1))
        memory = {"child": largest_descendant(pid) / MIB, "all": proportional_bytes(pid) / MIB}
        _await(stage, tables.deferral.c.ending.is_not(None), number)
        with stage.database.read() as connection:
            ti = tables.task_instance.c
            rows = connection.execute(sa.select(ti.id, ti.queued_at)).all()
    return sorted((row.queued_at - moments[row.id]).total_seconds() for row in rows), memory


def _defer(stage: Stage, number: int) -> Iterator[tuple[int, int]]:
    """Write a run with so many deferred instances; yield the place and the key of each."""
    clock = SystemClock()
    ids, now = RandomIds(clock.now), clock.now()
    run, *keys = ids.block(number + 1)
    head = {"id": run, "dag_id": "perf", "run_id": "perf", "run_type": "manual", "version_id": 0, "state": "running"}
    with stage.database.transaction() as connection:
        connection.execute(tables.dag_run.insert().values(**head, conf="{}", triggered_by="test", queued_at=now))
        common: dict[str, Any] = {"run": run, "dag_id": "perf", "task_id": "wait", "rank": 0, "state": "deferred"}
        common |= {"max_tries": 0, "token": 1, "priority": 1, "pool": "default_pool", "pool_slots": 1}
        rows = [
            {**common, "id": key, "map_index": place, "executor": NOBODY, "queue": "q"}
            for place, key in enumerate(keys)
        ]
        connection.execute(tables.task_instance.insert(), rows)
    yield from enumerate(keys)


def _write(stage: Stage, moments: dict[int, datetime]) -> None:
    config = stage.session.config
    cipher = open_cipher(config.security.fernet_key, config.home)
    nothing = cipher.encrypt("{}")
    now = datetime.now().astimezone()
    rows = [
        {
            "instance": key,
            "token": 1,
            "classpath": CLASSPATH,
            "kwargs": cipher.encrypt(json.dumps({"moment": {"__type": "datetime", "value": moment.isoformat()}})),
            "method": "execute_complete",
            "method_kwargs": nothing,
            "began_at": now,
            "deferred_at": now,
            "claim": 0,
        }
        for key, moment in moments.items()
    ]
    with stage.database.transaction() as connection:
        connection.execute(tables.deferral.insert(), rows)


def _await(stage: Stage, condition: sa.ColumnElement[bool], number: int) -> None:
    query = sa.select(sa.func.count()).select_from(tables.deferral).where(condition)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with stage.database.read() as connection:
            if connection.execute(query).scalar_one() >= number:
                return
        time.sleep(0.2)
    raise TimeoutError(f"not all of {number} triggers came so far:\n{stage.log('triggerer')}")


def _share(late: list[float], share: float) -> float:
    return late[min(len(late) - 1, int(len(late) * share))]


SCENARIOS = (
    Scenario(
        "triggers",
        "5,000 triggers in one process: its memory, and how late tasks are queued after their moments",
        triggers,
        (at_most("process of the triggers MiB", 300e6 / MIB), at_most("spread: p99 s", 1)),
        (POSTGRESQL, SQLITE, MARIADB),
        300,
        runs=3,
    ),
)
