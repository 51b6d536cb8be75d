"""Files that get in the way of who records them: each is an error of its own, and the good one beside them is recorded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from oracle import recordings, replaying

GOOD = """
import sys
from datetime import datetime, timedelta
from airflow import DAG
from airflow.operators.empty import EmptyOperator

print("]} this is not JSON")
with DAG("good", schedule=timedelta(days=1), start_date=datetime.now() - timedelta(days=1), tags=["b", "a"]):
    EmptyOperator(task_id="only", owner=str("structure" in sys.modules))
"""
FILES = {
    "exits.py": "import os; os._exit(3)",
    "fails.py": "from airflow import DAG\nraise ValueError('as told')",
    "good.py": GOOD,
    "hangs.py": "import threading; threading.Event().wait()",
    "quits.py": "raise SystemExit('enough')",
}


def test_each_file_is_loaded_for_itself_at_a_time_that_stands_still(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    files = [str(tmp_path / name) for name in FILES]
    command = [sys.executable, str(replaying.RECORDER), "--now", recordings.NOW, "--patience", "5", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    exits, fails, good, hangs, quits = json.loads(done.stdout)
    assert "did not load within 5 s, or its process ended" in exits["error"]
    assert "ValueError: as told" in fails["error"]
    assert "did not load" in hangs["error"]
    assert "SystemExit: enough" in quits["error"]
    assert good["error"] is None
    [dag] = good["dags"]
    assert dag["tags"] == ["a", "b"]
    assert dag["start_date"] == "2026-05-31T12:34:56+00:00"
    assert dag["runs"][0] == ["2026-05-31T12:34:56+00:00", "2026-05-31T12:34:56+00:00", "2026-06-01T12:34:56+00:00"]
    assert dag["tasks"]["only"]["owner"] == "False", "modules beside the recorder are not in the way"
    assert len(dag["runs"]) == 10
