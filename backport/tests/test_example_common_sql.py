"""The example of common-sql runs as it is on a real Airflow 1.10.15: its checks, its branch and its transfer."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from testbed.environment import checked

EXAMPLE = Path(__file__).parents[2] / "providers" / "common-sql" / "examples" / "example_common_sql.py"
RUN = """
import sys
from airflow.models import DagBag, TaskInstance
from airflow.utils import timezone
from airflow.utils.state import State

bag = DagBag(sys.argv[1], include_examples=False)
assert not bag.import_errors, bag.import_errors
dag, date = bag.get_dag("example_common_sql"), timezone.datetime(2021, 1, 1)
dag.create_dagrun(run_id="test", state=State.RUNNING, execution_date=date)
for task in dag.topological_sort():
    ti = TaskInstance(task, date)
    ti.refresh_from_db()
    if ti.state != State.SKIPPED:
        ti.run()
        ti.refresh_from_db()
    print("ended", task.task_id, ti.state)
"""


def test_it_runs_as_it_is(bed, tmp_path):
    files = {name: tmp_path / f"{name}.db" for name in ("shop", "report")}
    connections = {
        f"AIRFLOW_CONN_{name.upper()}": "sqlite://" + str(path).replace("/", "%2F") for name, path in files.items()
    }
    done = checked(
        [str(bed.venv / "bin" / "python"), "-c", RUN, str(EXAMPLE)], env={**bed.environment(), **connections}
    )
    ended = dict(line.split()[1:] for line in done.stdout.splitlines() if line.startswith("ended"))
    assert len(ended) == 11
    assert ended.pop("say_nothing") == "skipped"
    assert set(ended.values()) == {"success"}
    with closing(sqlite3.connect(files["report"])) as conn:
        assert conn.execute("SELECT * FROM report").fetchall() == [("2021-01-01", 42)]
