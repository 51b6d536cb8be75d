"""Running DAG files on Tradewind's own daemons, and reading how their runs ended as the recordings of Apache Airflow tell it."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from oracle import recordings
from oracle.several_runs import RUN_ID, joined, run_id_of, runs_of
from tradewind.metadata import tables
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements import listings, xcoms
from tradewind.transitions import triggering
from tradewind.transitions.loading import open_graphs
from tradewind.transitions.states import ENDED_RUN
from tradewind_perf.servers import Store
from tradewind_perf.stage import Stage, open_stage

NAMES = Path(__file__).resolve().parents[2] / "backport" / "airflow-names" / "src"
RECORDER = Path(__file__).with_name("tradewind_structure.py")
LOOK_SECONDS = 0.2
PATIENCE = 400.0
_NOBODY_WAITS = sa.select(
    sa.case((sa.exists(sa.select(tables.callback.c.id).where(tables.callback.c.error.is_(None))), 0), else_=1)
)


@contextmanager
def deployed(store: Store, sources: Mapping[str, str]) -> Iterator[Stage]:
    """Start the daemons, with airflow's names plugged in, on DAG files by name; wait until all are read.

    Arguments:
        store: a fresh database.
    """
    path = os.pathsep.join([str(NAMES), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {
        "PYTHONPATH": path,
        "TRADEWIND__PLUGINS__MODULES": '["tradewind_airflow_names.plugin"]',
        "TRADEWIND__PARSING__SCAN_INTERVAL": "3600",
        "TRADEWIND__EXECUTION__MAX_PARENTS": "80",  # all files run at once: fewer would be imported again and again
    }
    with open_stage(store, texts=sources, environment=environment) as stage:
        yield stage


def trigger(stage: Stage, wanted: Sequence[tuple[str, int]], logical_date: datetime) -> None:
    """Make runs of DAGs: each has its number, and the first a logical date that the others follow a day apart."""
    clock, executor = SystemClock(), stage.session.config.executor
    graphs = open_graphs(stage.session.config.plugins.codec)
    for dag_id, number in wanted:
        stage.database.write(
            functools.partial(
                triggering.trigger,
                dag_id=dag_id,
                run_id=run_id_of(number),
                logical_date=logical_date + timedelta(days=number),
                conf={},
                triggered_by="cli",
                graphs=graphs,
                clock=clock,
                ids=RandomIds(clock.now),
                executor=executor.default,
                queue=executor.queue,
            )
        )
        stage.wake()


def ended(store: Store, sources: Mapping[str, str], dag_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return how runs of DAGs of files end, made by the daemons, by DAG id.

    Arguments:
        store: a fresh database.
        sources: the files' texts, by name.
    """
    run = tables.dag_run.c
    is_ours = sa.select(sa.func.count()).where(run.run_id.like(f"{RUN_ID}%"), run.state.in_(ENDED_RUN))
    with deployed(store, sources) as stage:
        with stage.database.read() as connection:
            tags = {each.dag_id: each.tags for each in listings.list_dags(connection)}
        wanted = [(dag_id, number) for dag_id in dag_ids for number in range(runs_of(tags[dag_id]))]
        trigger(stage, wanted, datetime.fromisoformat(recordings.LOGICAL_DATE))
        stage.await_count(is_ours, len(wanted), "runs have ended", seconds=PATIENCE, every=LOOK_SECONDS)
        stage.await_count(_NOBODY_WAITS, 1, "callbacks were called once", every=LOOK_SECONDS)
        return outcomes(stage)


def outcomes(stage: Stage) -> dict[str, dict[str, Any]]:
    """Return how the runs ended, by DAG."""
    with stage.database.read() as connection:
        found: dict[str, list[dict[str, Any]]] = {}
        number = 0
        while runs := listings.list_runs(connection, run_id=run_id_of(number), limit=None):
            for run in runs:
                found.setdefault(run.dag_id, []).append(_outcome(connection, run))
            number += 1
        return {dag_id: joined(each) for dag_id, each in found.items()}


def structures(files: Sequence[Path]) -> list[dict[str, Any]]:
    """Return what `tradewind_structure.py` says of files, in their order."""
    command = [sys.executable, "-W", "ignore", str(RECORDER), "--now", recordings.NOW, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    results: list[dict[str, Any]] = json.loads(done.stdout)
    return results


def _outcome(connection: sa.Connection, run: listings.RunRow) -> dict[str, Any]:
    return {
        "state": run.state,
        "tasks": {
            _name(each.task_id, each.map_index): [each.state, each.try_number]
            for each in sorted(listings.list_tasks(connection, run.id), key=lambda each: (each.task_id, each.map_index))
        },
        "xcoms": {
            f"{_name(each.task_id, each.map_index)} {each.key}": json.loads(each.value)
            for each in xcoms.of_run(connection, run.id)
        },
    }


def _name(task_id: str, map_index: int) -> str:
    return task_id if map_index < 0 else f"{task_id}[{map_index}]"
