"""The example runs as a DAG, on a real server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "examples" / "example_postgres.py"


@pytest.mark.backed_by("real", "PostgreSQL")
def test_the_example_runs(shop, database, tmp_path):
    shop.run("DROP TABLE visits")
    done = subprocess.run(
        [sys.executable, "-m", "tradewind", "dags", "test", "example_postgres", "2021-01-01", "--file", str(EXAMPLE)],
        env={
            **os.environ,
            "TRADEWIND_HOME": str(tmp_path / "home"),
            "TRADEWIND_CONN_POSTGRES_DEFAULT": database.get_uri(),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert shop.get_records("SELECT page, visitors FROM visits ORDER BY page") == [("about", 2), ("home", 40)]
