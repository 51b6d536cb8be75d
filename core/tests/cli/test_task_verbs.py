"""`tradewind tasks`: list, state, clear."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import listings

CHAIN = """
from tradewind import DAG
from tradewind.operators.empty import EmptyOperator

for name in ("chain", "other_chain"):
    with DAG(name, schedule=None, is_paused_upon_creation=False):
        first, middle, last = (EmptyOperator(task_id=each) for each in ("first", "middle", "last"))
        first >> middle >> last
"""


@pytest.fixture
def chain(dags: Path, run, sqlite_url: str) -> Database:
    """Two DAGs of three empty tasks, each with a run that has succeeded at once."""
    (dags / "chain.py").write_text(CHAIN)
    assert run("dag-processor", "--once")[0] == 0
    for dag_id in ("chain", "other_chain"):
        assert run("dags", "trigger", dag_id, "-r", "r", "-e", "2026-03-01")[0] == 0
    database = Database(sqlite_url)
    yield database
    database.dispose()


def states(run, dag_id: str = "chain") -> dict[str, str]:
    """Return the states of the run's tasks."""
    rows = json.loads(run("tasks", "states-for-dag-run", dag_id, "r", "-o", "json")[1])
    return {row["task_id"]: row["state"] for row in rows}


def end_all(database: Database) -> None:
    """Let every task of both runs have failed in the middle, as seen by the verbs: the rows are set as a worker would."""
    with database.transaction() as connection:
        connection.exec_driver_sql("UPDATE task_instance SET state = 'success', try_number = 1 WHERE task_id = 'first'")
        connection.exec_driver_sql("UPDATE task_instance SET state = 'failed', try_number = 1 WHERE task_id = 'middle'")
        connection.exec_driver_sql("UPDATE task_instance SET state = 'upstream_failed' WHERE task_id = 'last'")
        connection.exec_driver_sql("UPDATE dag_run SET state = 'failed'")
        connection.exec_driver_sql("UPDATE run_progress SET unfinished = 0")


def test_tasks_are_listed_in_order_and_as_a_tree(run, chain: Database) -> None:
    assert run("tasks", "list", "chain")[1].split() == ["first", "middle", "last"]
    assert run("tasks", "list", "chain", "--tree")[1].splitlines() == ["first", "    middle", "        last"]
    assert json.loads(run("tasks", "list", "chain", "-o", "json")[1])[0]["operator"] == "EmptyOperator"


def test_the_state_of_one_task(run, chain: Database) -> None:
    end_all(chain)
    assert run("tasks", "state", "chain", "middle", "r") == (0, "failed\n", "")
    assert run("tasks", "state", "chain", "middle", "2026-03-01")[1] == "failed\n"
    assert "has no task 'midle'; did you mean middle?" in run("tasks", "state", "chain", "midle", "r")[2]
    assert (
        "has no instances: leave --map-index out"
        in run("tasks", "state", "chain", "middle", "r", "--map-index", "1")[2]
    )


def test_clearing_asks_and_shows_what_it_would_do(run, chain: Database) -> None:
    end_all(chain)
    code, out, err = run("tasks", "clear", "chain", "-t", "middle", "-d", "-o", "json")
    assert code == 1
    assert [each["task_id"] for each in json.loads(out)] == ["middle", "last"]
    assert "2 task instances in 1 runs are to run again. Nobody can be asked here: say --yes." in err
    assert states(run)["middle"] == "failed"


def test_only_what_failed_is_cleared(run, chain: Database) -> None:
    end_all(chain)
    assert run("tasks", "clear", "chain", "-f", "-y")[0] == 0
    assert states(run) == {"first": "success", "middle": "none", "last": "none"}
    assert states(run, "other_chain")["middle"] == "failed"
    with chain.read() as connection:
        assert listings.list_runs(connection, dag_id="chain")[0].state == "queued"


def test_upstream_and_several_dags_by_a_pattern(run, chain: Database) -> None:
    end_all(chain)
    assert run("tasks", "clear", "^(other_)?chain$", "-R", "-t", "middle", "-u", "-y")[0] == 0
    for dag_id in ("chain", "other_chain"):
        assert states(run, dag_id) == {"first": "none", "middle": "none", "last": "upstream_failed"}


def test_runs_are_chosen_by_date(run, chain: Database) -> None:
    end_all(chain)
    code, _, err = run("tasks", "clear", "chain", "-s", "2026-03-02", "-y")
    assert (code, states(run)["middle"]) == (1, "failed")
    assert "Nothing of chain is to be cleared" in err
    assert run("tasks", "clear", "chain", "-s", "2026-03-01", "-e", "2026-03-01", "-y")[0] == 0
    assert set(states(run).values()) == {"none"}


def test_nothing_is_cleared_in_a_run_while_a_task_named_is_running(run, chain: Database) -> None:
    end_all(chain)
    with chain.transaction() as connection:
        connection.exec_driver_sql(
            "UPDATE task_instance SET state = 'running' WHERE task_id = 'middle' AND dag_id = 'chain'"
        )
    code, _, err = run("tasks", "clear", "chain$", "-R", "-y")
    assert (code, states(run)["first"]) == (1, "success")
    assert "Nothing was cleared where one of these tasks is running: r." in err
    assert set(states(run, "other_chain").values()) == {"none"}


def count(database: Database, table: str, where: str = "1 = 1") -> int:
    """Return how many rows a table has."""
    with database.read() as connection:
        found: int = connection.exec_driver_sql(f"SELECT count(*) FROM {table} WHERE {where}").scalar_one()
    return found


def test_the_history_of_a_dag_is_deleted_and_its_neighbour_s_is_kept(run, chain: Database) -> None:
    end_all(chain)
    kept = count(chain, "task_instance", "dag_id = 'other_chain'")
    assert "Nobody can be asked here" in run("dags", "delete", "chain")[2]
    code, out, _ = run("dags", "delete", "chain", "--yes")
    assert (code, "the DAG stays, paused, as chain.py defines it" in out) == (0, True)
    assert count(chain, "task_instance") == count(chain, "task_counter") == kept == 3
    assert count(chain, "dag_run") == count(chain, "run_progress") == 1
    assert run("dags", "trigger", "chain", "-r", "again")[0] == 0


def test_a_dag_whose_file_is_gone_is_deleted_wholly(run, chain: Database, dags: Path) -> None:
    end_all(chain)
    (dags / "chain.py").unlink()
    assert run("dag-processor", "--once")[0] == 0
    assert run("dags", "delete", "chain", "-y")[1] == "chain is deleted.\n"
    assert count(chain, "dag", "dag_id = 'chain'") == count(chain, "dag_version", "dag_id = 'chain'") == 0
    assert "There is no DAG 'chain'" in run("dags", "delete", "chain", "-y")[2]


def test_nothing_is_deleted_while_a_run_goes_on(run, chain: Database) -> None:
    with chain.transaction() as connection:
        connection.exec_driver_sql("UPDATE dag_run SET state = 'running' WHERE dag_id = 'chain'")
    code, _, err = run("dags", "delete", "chain", "--yes")
    assert code == 1
    assert "Nothing is deleted, as runs of chain have not ended: r." in err
    assert count(chain, "dag_run") == 2
