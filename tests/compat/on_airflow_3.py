"""Reading public DAG files that were written for Airflow 3, by the interpreter of a real one: whether it reads them, no more."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import time_machine
from airflow.models.dagbag import DagBag
from airflow.sdk import BaseHook, Connection, Variable
from compat.reading import NOW, NotReadError, last_line, read_list
from compat.stand_in_values import StandInVariables, stand_in_for_connection


def read(file: Path, _note: Callable[[str], None]) -> Mapping[str, Any]:
    """Return the ids of a file's DAGs, with nothing of their structure."""
    Variable.get, Variable.set = StandInVariables.get, StandInVariables.set
    BaseHook.get_connection = staticmethod(lambda conn_id: stand_in_for_connection(conn_id, Connection))
    bag = DagBag(dag_folder=os.devnull, include_examples=False)
    with time_machine.travel(NOW, tick=False):
        bag.process_file(str(file), only_if_updated=False)
    if bag.import_errors:
        raise NotReadError(last_line(next(iter(bag.import_errors.values()))))
    return {name: {} for name in bag.dags}


if __name__ == "__main__":
    read_list(Path(sys.argv[1]), read)
