from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Where a provider is tested alone, there is nothing that could run a DAG
pytest.importorskip("tradewind")

EXAMPLE = Path(__file__).parents[1] / "examples" / "example_celery.py"


@pytest.mark.long
def test_the_example_is_a_dag_whose_tasks_succeed(tmp_path):
    command = [
        sys.executable,
        "-m",
        "tradewind",
        "dags",
        "test",
        "example_celery",
        "2026-11-23",
        "--file",
        str(EXAMPLE),
    ]
    environment = {**os.environ, "TRADEWIND_HOME": str(tmp_path)}
    ended = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
