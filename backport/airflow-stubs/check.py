"""Run mypy on a DAG file against the stubs, as it would with the stubs installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Return mypy's exit code."""
    with tempfile.TemporaryDirectory() as folder:
        # mypy finds `airflow-stubs` among installed packages only; on its path the name is the package's
        Path(folder, "airflow").symlink_to(HERE / "airflow-stubs")
        names = HERE.parent / "airflow-names" / "src"
        command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", str(HERE / "typed_dag.py")]
        environ = os.environ | {"MYPYPATH": os.pathsep.join([folder, str(names)])}
        return subprocess.run(command, env=environ, check=False).returncode  # noqa: S603  (our own words)


if __name__ == "__main__":
    sys.exit(main())
