"""`tradewind dags rename`: the history stays, the file goes on, logs are found, old runs cannot run again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tradewind.execution.log_keys import callback_log_key, log_key, run_callback_log_key
from tradewind.execution.logs import FileLogStore
from tradewind.execution.moving_logs import move_logs
from tradewind.metadata.engine import Database
from tradewind_plugins.callbacks import ON_FAILURE, ON_SUCCESS
from tradewind_plugins.contracts.log_store import LogStore, LogStoreCapabilities

FLOW = """
from tradewind import DAG
from tradewind.operators.empty import EmptyOperator
from tradewind.operators.trigger_dagrun import TriggerDagRunOperator

with DAG("NAME", schedule=None, is_paused_upon_creation=False):
    EmptyOperator(task_id="a")
with DAG("beside", schedule=None, is_paused_upon_creation=False):
    TriggerDagRunOperator(task_id="b", trigger_dag_id="before")
"""


@pytest.fixture
def flow(dags: Path, run) -> Path:
    path = dags / "flow.py"
    path.write_text(FLOW.replace("NAME", "before"))
    assert run("dag-processor", "--once")[0] == 0
    assert run("dags", "trigger", "before", "-r", "r1")[0] == 0
    return path


def runs(run, dag_id: str) -> list[tuple[str, str]]:
    rows = json.loads(run("dags", "list-runs", "-d", dag_id, "-o", "json")[1])
    return [(row["run_id"], row["state"]) for row in rows]


@pytest.mark.parametrize("first", ["file", "command"])
def test_the_history_has_the_new_name_and_the_file_goes_on(run, flow: Path, first: str) -> None:
    def edit() -> None:
        flow.write_text(FLOW.replace("NAME", "after"))
        assert run("dag-processor", "--once")[0] == 0

    if first == "file":
        edit()
    code, out, err = run("dags", "rename", "before", "after", "--yes")
    assert (code, out) == (0, "before is called after: 1 runs, 0 logs.\n")
    assert "These DAGs still name 'before': beside." in err
    assert ("Write 'after' for 'before' in flow.py now" in err) is (first == "command")
    if first == "command":
        edit()
    assert run("dags", "trigger", "after", "-r", "r2")[0] == 0
    assert runs(run, "after") == [("r2", "success"), ("r1", "success")]
    assert "There is no DAG 'before'" in run("dags", "details", "before")[2]
    code, _, err = run("tasks", "clear", "after", "-r", "r1", "-y")
    assert (code, "is from the time when that was called 'before'" in err) == (1, True)
    code, _, err = run("tasks", "clear", "after", "-y")
    assert (code, err) == (0, "Left out, as their DAG was renamed since: r1.\n")
    assert runs(run, "after") == [("r2", "queued"), ("r1", "success")]
    assert run("tasks", "mark", "after", "a", "r1", "failed", "-y")[0] == 0


def test_until_its_file_says_the_new_id_nothing_of_it_begins(run, flow: Path, sqlite_url: str) -> None:
    assert run("dags", "rename", "before", "after", "-y")[0] == 0
    assert "There is no DAG 'after'" in run("dags", "trigger", "after", "-r", "r2")[2]
    flow.write_text(FLOW.replace("NAME", "after"))
    assert run("dag-processor", "--once")[0] == 0
    assert run("dags", "trigger", "after", "-r", "r2")[0] == 0
    database = Database(sqlite_url)
    with database.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM dag_run WHERE dag_id = 'before'").scalar_one() == 0
    database.dispose()


def test_logs_go_along_and_into_a_folder_that_is_there(run, flow: Path, home: Path) -> None:
    store = FileLogStore(home / "logs")
    keys = {dag_id: log_key(dag_id, "r1", "a", -1, 1, token=1) for dag_id in ("before", "after")}
    store.put_chunk(keys["before"], 0, b"it ran\n")
    store.put_chunk(log_key("after", "r0", "a", -1, 1, token=1), 0, b"there\n")
    store.close()
    assert "1 runs, 1 logs." in run("dags", "rename", "before", "after", "-y")[1]
    assert (store.read(keys["before"]), store.read(keys["after"])) == (b"", b"it ran\n")
    assert store.delete("dag_id=after/") == 2


class Kept(LogStore):
    """A store of another kind than files: it keeps logs in this process, and cannot move them."""

    capabilities = LogStoreCapabilities(append=True, delete_prefix=True)

    def __init__(self) -> None:
        self.logs: dict[str, bytes] = {}

    def put_chunk(self, key: str, offset: int, data: bytes) -> None:
        self.logs[key] = self.logs.get(key, b"")[:offset] + data

    def seal(self, key: str) -> None:
        assert key in self.logs

    def read(self, key: str, offset: int = 0, limit: int | None = None) -> bytes:
        return self.logs.get(key, b"")[offset : None if limit is None else offset + limit]

    def delete(self, prefix: str) -> int:
        gone = [key for key in self.logs if key.startswith(prefix)]
        for key in gone:
            del self.logs[key]
        return len(gone)


def test_in_another_store_the_logs_that_the_database_knows_are_copied(run, flow: Path, sqlite_url: str) -> None:
    store, database = Kept(), Database(sqlite_url)
    # An empty task has no try: this is the log of one that ran, with those of its callback and of its run's
    with database.transaction() as conn:
        conn.exec_driver_sql("UPDATE task_instance SET token = 1, try_number = 1 WHERE dag_id = 'before'")
    of_try = log_key("before", "r1", "a", -1, 1, token=1)
    keys = [of_try, callback_log_key(of_try, ON_FAILURE, 1), run_callback_log_key("before", "r1", ON_SUCCESS, 1)]
    for key in keys:
        store.put_chunk(key, 0, key.encode())
    assert run("dags", "rename", "before", "after", "-y")[0] == 0
    assert move_logs(database, store, "before", "after") == 3
    assert sorted(store.logs) == sorted(key.replace("dag_id=before", "dag_id=after") for key in keys)
    assert set(store.logs.values()) == {key.encode() for key in keys}
    assert move_logs(database, store, "before", "after") == 0
    database.dispose()


def test_it_asks_and_refuses_while_a_run_has_not_ended(run, flow: Path) -> None:
    assert "Nobody can be asked here" in run("dags", "rename", "before", "after")[2]
    assert run("tasks", "clear", "before", "-y")[0] == 0
    code, _, err = run("dags", "rename", "before", "after", "-y")
    assert (code, "is not renamed while runs of it have not ended: r1" in err) == (1, True)
    assert run("dags", "trigger", "beside", "-r", "r1")[0] == 0


DAILY = """
from datetime import datetime
from tradewind import DAG
from tradewind.operators.empty import EmptyOperator

with DAG("NAME", schedule="@daily", start_date=datetime(2020, 1, 1), end_date=datetime(2020, 1, 3), catchup=True,
         is_paused_upon_creation=True):
    EmptyOperator(task_id="a")
"""


def test_the_schedule_goes_on_behind_the_history_though_old_runs_were_deleted(run, dags: Path, sqlite_url: str) -> None:
    path, database = dags / "daily.py", Database(sqlite_url)

    def next_date() -> str:
        with database.read() as conn:
            return json.loads(
                conn.exec_driver_sql("SELECT next_run FROM dag WHERE path = 'daily.py' AND is_active").scalar_one()
            )["logical_date"][:10]

    path.write_text(DAILY.replace("NAME", "before"))
    assert run("dag-processor", "--once")[0] == 0
    assert next_date() == "2020-01-01"
    assert run("dags", "trigger", "before", "-r", "r2", "-e", "2020-01-02")[0] == 0
    with database.transaction() as conn:
        conn.exec_driver_sql(
            "UPDATE dag_run SET run_type = 'scheduled', state = 'success', data_interval_start = logical_date, "
            "data_interval_end = logical_date + 86400000000"
        )
    path.write_text(DAILY.replace("NAME", "after"))
    assert run("dag-processor", "--once")[0] == 0
    assert run("dags", "rename", "before", "after", "-y")[0] == 0
    assert next_date() == "2020-01-03"
    database.dispose()
