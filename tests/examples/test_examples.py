"""Every example DAG runs to its end, as `tradewind dags test` runs it: with real operators, templates and connections."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path
    for folder in ("examples", "core/src/tradewind/examples", "providers/sqlite/examples")
    for path in (ROOT / folder).glob("*.py")
    if path.name != "__init__.py"
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_example_runs_to_success(path: Path, tmp_path: Path) -> None:
    environment = os.environ | {
        "TRADEWIND_HOME": str(tmp_path / "home"),
        "TRADEWIND_CONN_SQLITE_DEFAULT": f"sqlite:///{tmp_path}/example.db",
        "MPLCONFIGDIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tradewind", "dags", "test", path.stem, "--file", str(path)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "success" in done.stdout
