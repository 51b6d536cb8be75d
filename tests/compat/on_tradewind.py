"""Reading public DAG files on Tradewind: `python on_tradewind.py [--go-on] asked.json > read.jsonl`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import time_machine
import tradewind_airflow_names
import tradewind_structure
from compat.going_on import go_on
from compat.reading import NOW, read_list
from compat.stand_in_values import StandInVariables, stand_in_for_connection
from tradewind.authoring.loading import dag_module_name, load_dags
from tradewind.serialization import serialize
from tradewind_plugins import host
from tradewind_plugins.connection import Connection
from tradewind_plugins.variable import Variable


class StandInHost(host.Host):
    """Answers what a file asks for while it is read."""

    def connection(self, conn_id: str) -> Connection:
        """See `Host`."""
        found: Connection = stand_in_for_connection(conn_id, Connection)
        return found

    def variable(self, key: str) -> str | None:
        """See `Host`."""
        return str(StandInVariables.get(key))


def read(file: Path, _note: Callable[[str], None]) -> Mapping[str, Any]:
    """Return the structures of a file's DAGs by id."""
    Variable.get = StandInVariables.get  # type: ignore[method-assign]
    with time_machine.travel(NOW, tick=False), host.bind(StandInHost()):
        dags = load_dags(file, dag_module_name(file.name))
        return {
            name: tradewind_structure.structure(serialize(dag), datetime.fromisoformat(NOW))
            for name, dag in dags.items()
        }


def read_on(file: Path, note: Callable[[str], None]) -> Mapping[str, Any]:
    """Do the same, past what is not built yet."""
    go_on(note)
    return read(file, note)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--go-on", action="store_true", help="go on past what is not built yet, and note it")
    parser.add_argument("asked", type=Path)
    options = parser.parse_args()
    tradewind_airflow_names.install()
    read_list(options.asked, read_on if options.go_on else read)
