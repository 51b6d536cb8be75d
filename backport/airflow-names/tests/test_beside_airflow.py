"""Where a real Airflow is installed, `airflow` is that one, and our own DAGs go on. `nox -s beside_airflow` has the real thing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import tradewind_airflow_names

REAL = "import airflow\nassert airflow.WHOSE == 'its own', airflow\nfrom airflow import DAG\nDAG('theirs')\n"
OWN = "from tradewind import DAG\nDAG('ours', schedule=None)\ndag = DAG('also', schedule=None)\n"


def test_ours_steps_aside_and_says_so(tmp_path: Path) -> None:
    site, dags = tmp_path / "site", tmp_path / "dags"
    for folder in (site / "airflow", site / "apache_airflow-2.11.0.dist-info", dags):
        folder.mkdir(parents=True)
    (site / "airflow" / "__init__.py").write_text("WHOSE = 'its own'\nclass DAG:\n    def __init__(self, name): ...\n")
    (site / "apache_airflow-2.11.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: apache-airflow\nVersion: 2.11.0\n"
    )
    (dags / "real.py").write_text(REAL)
    (dags / "own.py").write_text(OWN)
    (tmp_path / "tradewind.toml").write_text('[plugins]\nmodules = ["tradewind_airflow_names.plugin"]\n')
    source = str(Path(tradewind_airflow_names.__file__).parents[1])
    path = os.pathsep.join([source, str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-m", "tradewind", "dags", "check", str(dags)],
        env=os.environ | {"TRADEWIND_HOME": str(tmp_path), "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "apache-airflow 2.11.0 is installed in this environment" in done.stderr
    assert "2 files, 1 DAG, 0 errors" in done.stdout + done.stderr
