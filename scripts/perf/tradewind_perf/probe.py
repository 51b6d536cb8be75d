"""The floor probe in a process of its own, beside a stage."""

from __future__ import annotations

import json
import subprocess
import sys

from tradewind_perf.scenario import Bench
from tradewind_perf.servers import POSTGRESQL, SQLITE, Store


def probe(bench: Bench, store: Store, graph: str, private_mib: float, slots: int = 32) -> dict[str, float]:
    """Run the floor probe on a stage's server, from a parent of the size of its warm parents.

    Returns:
        Its figures; none on a database that it does not know.
    """
    if bench.database not in (SQLITE, POSTGRESQL):
        return {}
    # Beside the stage's tables in PostgreSQL; an SQLite file has one writer, so there it gets its own
    database = store.url if bench.database == POSTGRESQL else SQLITE
    command = [sys.executable, "-m", "tradewind_perf.floor", "--json", "--graph", graph, "--database", database]
    command += ["--private", f"{private_mib:.1f}", "--slots", str(slots)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found
