"""Reading public DAG files on a real Airflow, by its interpreter: `python on_airflow.py asked.json > read.jsonl`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import airflow_structure
import time_machine
from airflow.hooks.base import BaseHook
from airflow.models import Connection, Variable
from airflow.models.dagbag import DagBag
from compat.reading import NOW, NotReadError, last_line, read_list
from compat.stand_in_values import StandInVariables, stand_in_for_connection


def read(file: Path, _note: Callable[[str], None]) -> Mapping[str, Any]:
    """Return the structures of a file's DAGs by id."""
    Variable.get, Variable.set, Variable.setdefault = (
        StandInVariables.get,
        StandInVariables.set,
        StandInVariables.setdefault,
    )
    BaseHook.get_connection = staticmethod(lambda conn_id: stand_in_for_connection(conn_id, Connection))
    bag = DagBag(dag_folder=os.devnull, include_examples=False)
    with time_machine.travel(NOW, tick=False):
        bag.process_file(str(file), only_if_updated=False)
        if bag.import_errors:
            raise NotReadError(last_line(next(iter(bag.import_errors.values()))))
        return {name: airflow_structure.structure(dag) for name, dag in bag.dags.items()}


if __name__ == "__main__":
    read_list(Path(sys.argv[1]), read)
