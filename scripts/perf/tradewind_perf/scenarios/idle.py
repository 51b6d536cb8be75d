"""Measure what idle daemons ask a real PostgreSQL in a minute: `python scripts/perf/idle.py`.

Each daemon logs in as a role of its own, so that pg_stat_statements tells them apart, over all connections of all their
processes. BEGIN, COMMIT and ROLLBACK are not counted.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))
from services.postgres import postgres_server

SETTLE_SECONDS = 15.0
SECONDS = 60.0
DAEMONS = {
    "scheduler": ["scheduler", "--no-worker"],
    "processor": ["dag-processor"],
    "worker": ["worker"],
    "webserver": ["webserver", "--port", "0"],
}
COUNTED = """
    SELECT usename, sum(calls) FROM pg_stat_statements JOIN pg_user ON usesysid = userid
    WHERE query !~* '^(begin|commit|rollback)' GROUP BY usename
"""


def measure() -> dict[str, float]:
    """Return the statements that each daemon made in a second."""
    pause = threading.Event()
    with tempfile.TemporaryDirectory() as home, postgres_server() as url:
        Path(home, "dags").mkdir()
        _tradewind(home, url, "db", "migrate").wait()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION pg_stat_statements")
            for name in DAEMONS:
                connection.execute(f"CREATE ROLE {name} SUPERUSER LOGIN")
            processes = [
                _tradewind(home, url.replace("postgres@", f"{name}@"), *words) for name, words in DAEMONS.items()
            ]
            pause.wait(SETTLE_SECONDS)
            connection.execute("SELECT pg_stat_statements_reset()")
            pause.wait(SECONDS)
            found = dict(connection.execute(COUNTED).fetchall())
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait()
    return {name: float(found.get(name, 0)) / SECONDS for name in DAEMONS}


def _tradewind(home: str, url: str, *words: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {"TRADEWIND_HOME": home, "TRADEWIND__DATABASE__URL": url}
    command = [sys.executable, "-m", "tradewind", *words]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    for name, rate in measure().items():
        print(f"{name:<10} {rate:.2f} statements a second")
