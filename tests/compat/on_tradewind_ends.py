"""Running public DAG files on Tradewind, in one process: `python on_tradewind_ends.py asked.json > ends.jsonl`."""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import time_machine
import tradewind_airflow_names
from compat.on_tradewind import StandInHost
from compat.reading import read_list
from oracle.recordings import LOGICAL_DATE
from tradewind.authoring.dag import DAG
from tradewind.authoring.loading import dag_module_name, load_dags
from tradewind.config import load
from tradewind.execution.in_process import run_in_process
from tradewind_plugins import host


def run(file: Path, _note: Callable[[str], None]) -> Mapping[str, Any]:
    """Return how the runs of a file's DAGs end, by id."""
    with time_machine.travel(LOGICAL_DATE, tick=False), host.bind(StandInHost()):
        dags = load_dags(file, dag_module_name(file.name))
    return {name: _ended(dag) for name, dag in dags.items()}


def _ended(dag: DAG) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as home:
        config = load(Path(home), {"TRADEWIND_HOME": home}).config
        ended = run_in_process(
            dag,
            config=config,
            out=io.StringIO(),
            logical_date=datetime.fromisoformat(LOGICAL_DATE),
            waits=False,
        )
    names = {
        f"{each.task_id}[{each.map_index}]" if each.map_index >= 0 else each.task_id: each.state for each in ended.tasks
    }
    return {"state": ended.state, "tasks": {name: state for name, state in names.items() if state != "removed"}}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("asked", type=Path)
    options = parser.parse_args()
    tradewind_airflow_names.install()
    read_list(options.asked, run)
