"""The example runs as a DAG, between two files of SQLite."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "examples" / "example_common_sql.py"


@pytest.mark.backed_by("real", "SQLite")
def test_the_example_runs(tmp_path):
    files = {name: {"conn_type": "sqlite", "host": str(tmp_path / f"{name}.db")} for name in ("shop", "report")}
    connections = {f"TRADEWIND_CONN_{name.upper()}": json.dumps(each) for name, each in files.items()}
    done = subprocess.run(
        [sys.executable, "-m", "tradewind", "dags", "test", "example_common_sql", "2021-01-01", "--file", str(EXAMPLE)],
        env={**os.environ, "TRADEWIND_HOME": str(tmp_path / "home"), **connections},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with closing(sqlite3.connect(files["report"]["host"])) as conn:
        assert conn.execute("SELECT * FROM report").fetchall() == [("2021-01-01", 42)]
