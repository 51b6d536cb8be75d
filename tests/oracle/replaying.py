"""Running DAG files on Tradewind's own daemons, and reading how their runs ended as the recordings of Apache Airflow tell it."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from oracle import recordings
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
RUN_ID = "oracle"
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
    }
    with open_stage(store, texts=sources, environment=environment) as stage:
        yield stage


def trigger(stage: Stage, dag_ids: Sequence[str], logical_date: datetime) -> None:
    """Make a run of each DAG, all with one logical date."""
    clock, executor = SystemClock(), stage.session.config.executor
    graphs = open_graphs(stage.session.config.plugins.codec)
    for dag_id in dag_ids:
        stage.database.write(
            functools.partial(
                triggering.trigger,
                dag_id=dag_id,
                run_id=RUN_ID,
                logical_date=logical_date,
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
    is_ours = sa.select(sa.func.count()).where(run.run_id == RUN_ID, run.state.in_(ENDED_RUN))
    with deployed(store, sources) as stage:
        trigger(stage, dag_ids, datetime.fromisoformat(recordings.LOGICAL_DATE))
        stage.await_count(is_ours, len(dag_ids), "runs have ended")
        stage.await_count(_NOBODY_WAITS, 1, "callbacks were called once")
        return outcomes(stage)


def outcomes(stage: Stage) -> dict[str, dict[str, Any]]:
    """Return how the runs ended, by DAG."""
    with stage.database.read() as connection:
        runs = listings.list_runs(connection, run_id=RUN_ID, limit=None)
        return {run.dag_id: _outcome(connection, run) for run in runs}


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
