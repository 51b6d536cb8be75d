"""`tradewind --server URL tasks …`: the same verbs, the same output, done by a server."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from tradewind.cli.runs import selecting
from tradewind.execution.log_keys import callback_log_key, log_key
from tradewind.execution.logs import FileLogStore

Run = Callable[..., tuple[int, str, str]]
FILE = """
from tradewind import DAG, task
from tradewind.operators.bash import BashOperator
from tradewind.operators.empty import EmptyOperator
from tradewind.sensors.external_task import ExternalTaskMarker

with DAG("chain", schedule=None, is_paused_upon_creation=False):
    first, middle, side, last = (EmptyOperator(task_id=each) for each in ("first", "middle", "beside", "last"))
    first >> [middle, side] >> last
    last >> ExternalTaskMarker(task_id="tell", external_dag_id="led", external_task_id="take")
with DAG("led", schedule=None, is_paused_upon_creation=False):
    EmptyOperator(task_id="take") >> BashOperator(task_id="slow", bash_command="true")
"""


@pytest.fixture
def chain(dags: Path, run: Run) -> Path:
    """Two DAGs of which one marks a task of the other, with two runs each."""
    (dags / "chain.py").write_text(FILE)
    assert run("dag-processor", "--once")[0] == 0
    for dag_id in ("chain", "led"):
        for day in (1, 2):
            assert run("dags", "trigger", dag_id, "-r", f"r{day}", "-e", f"2026-03-0{day}")[0] == 0
    return dags


def rows(said: tuple[int, str, str]) -> list[dict[str, object]]:
    """What a command printed as JSON."""
    code, out, err = said
    assert code == 0, err
    return json.loads(out)


def test_tasks_are_listed_and_their_states_shown(chain: Path, both: Run, there: Run, run: Run, sqlite_url: str) -> None:
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as database:
        database.execute("UPDATE task_instance SET state = 'none' WHERE task_id = 'last'")
    database.close()
    assert both("tasks", "list", "chain")[1].split() == ["first", "beside", "middle", "last", "tell"]
    assert len(both("tasks", "list", "chain", "--tree")[1].splitlines()) == 6
    assert rows(both("tasks", "list", "chain", "-o", "json"))[0]["operator"] == "EmptyOperator"
    assert both("tasks", "list", "shop", "--tree")[1] == "numbers\n    square [ ]\n"
    assert both("tasks", "list", "chian")[2].endswith("did you mean chain? `tradewind dags list` shows all. "
                                                      "[no-such-dag]\n")  # fmt: skip
    for style in ("table", "json", "yaml", "plain"):
        both("tasks", "states-for-dag-run", "chain", "r1", "-o", style)
    found = rows(both("tasks", "states-for-dag-run", "chain", "2026-03-02", "-o", "json"))
    assert [(row["task_id"], row["state"]) for row in found] == [
        ("first", "success"),
        ("beside", "success"),
        ("middle", "success"),
        ("last", "none"),
        ("tell", "success"),
    ]
    assert both("tasks", "state", "chain", "last", "r1") == (0, "none\n", "")
    assert there("tasks", "mark", "chain", "last", "r1", "success", "-m", "by the bank", "-y")[0] == 0
    assert both("tasks", "state", "chain", "last", "r1")[1:] == (
        "success\n",
        "marked as success by hand: by the bank\n",
    )
    for words, error_id in (
        (("state", "chain", "lost", "r1"), "no-such-task"),
        (("state", "chain", "last", "r1", "--map-index", "0"), "no-such-task"),
        (("state", "chain", "last", "r7"), "no-such-run"),
        (("states-for-dag-run", "chian", "r1"), "no-such-dag"),
        (("logs", "chain", "lost", "r1"), "no-such-log"),
        (("logs", "chain", "last", "r1"), "no-such-log"),
        (("logs", "chain", "last", "r1", "--try-number", "3"), "no-such-log"),
        (("failed-deps", "chain", "lost", "r1"), "no-such-task"),
        (("failed-deps", "chain", "last", "r7"), "no-such-run"),
    ):
        code, _, err = both("tasks", *words)
        assert (code, err.endswith(f"[{error_id}]\n")) == (1, True), err
    assert both("tasks", "failed-deps", "led", "slow", "2026-03-01")[0] == 0
    assert both("why", "led", "2026-03-01")[0] == both("why", "led")[0] == 0
    for verb in ("run", "test", "render"):  # in a process of this machine, by the code that is here
        code, _, err = there("tasks", verb, "led", "slow", "r1")
        assert (code, f"`tasks {verb}` works on this machine only" in err) == (2, True)
    assert both("tasks", "failed-deps", "led", "slow", "r1", "-o", "json")[0] == 0


def test_tasks_are_cleared_and_marked_and_prioritised(
    chain: Path, both: Run, there: Run, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selecting, "RUNS_AT_ONCE", 1)
    both("tasks", "clear", "chain", "-r", "r1", "-t", "tell", "--dry-run")
    found = rows(both("tasks", "clear", "chain", "-r", "r1", "-t", "tell", "--dry-run", "-o", "json"))
    assert [(row["dag_id"], row["task_id"], row["marked_by"]) for row in found] == [
        ("chain", "tell", None),
        ("led", "take", "tell"),
        ("led", "slow", "tell"),
    ]
    assert len(rows(both("tasks", "clear", "chain", "-t", "^last$", "--dry-run", "-d", "-o", "json"))) == 8
    assert len(rows(both("tasks", "clear", "chain", "-s", "2026-03-02", "--only-this-dag", "-n", "-o", "json"))) == 5
    both("tasks", "clear", "chain", "-r", "r2", "--past", "-t", "last", "-n")
    both("tasks", "clear", "^(chain|led)$", "-R", "-n")
    for words, code, error_id in (
        (("clear", "chain", "-r", "r1", "-t", "nothing", "-y"), 1, "nothing-to-clear"),
        (("clear", "chain", "-r", "r1", "-f", "-y"), 1, "nothing-to-clear"),
        (("clear", "chain", "-r", "r7", "-y"), 1, "no-such-run"),
        (("clear", "chian", "-y"), 1, "no-such-dag"),
        (("clear", "chain", "--past", "-y"), 2, "wrong-usage"),
        (("clear", "chain", "-r", "r1"), 1, "needs-confirmation"),
        (("mark", "chain", "first", "r1", "success", "-y"), 1, "nothing-to-mark"),
        (("mark", "chain", "frist", "r1", "success", "-y"), 1, "no-such-task"),
        (("mark", "chain", "first", "r7", "success", "-y"), 1, "no-such-run"),
        (("set-priority", "chain", "r1", "7", "-t", "frist"), 1, "no-such-task"),
        (("set-priority", "chain", "r7", "7"), 1, "no-such-run"),
    ):
        said = both("tasks", *words)
        assert (said[0], said[2].endswith(f"[{error_id}]\n")) == (code, True), said
    assert there("tasks", "clear", "chain", "-r", "r1", "-t", "tell", "-y")[1].endswith(
        "3 task instances in 2 runs run again.\n"
    )
    assert run("tasks", "state", "chain", "tell", "r1")[1] == "none\n"
    both("tasks", "mark", "chain", "last", "r2", "failed", "--past", "-n")
    out = there("tasks", "mark", "chain", "last", "r2", "failed", "--past", "-d", "-y")[1]
    assert "Run r2 of chain: 2 task instances marked; the run was success and is failed.\n" in out
    assert run("tasks", "state", "chain", "last", "r1")[1] == "failed\n"
    out = there("tasks", "clear", "chain", "-t", "^last$", "-d", "-y")[1]
    assert out.endswith("8 task instances in 4 runs run again.\n")
    (changed,) = rows(there("tasks", "set-priority", "led", "r1", "7", "-t", "slow", "-o", "json"))
    assert (changed["task_id"], changed["priority"], changed["map_index"]) == ("slow", 7, None)
    assert both("tasks", "set-priority", "led", "r1", "7", "-t", "slow")[2].startswith("Nothing of run r1 that waits")


def test_logs_come_whole_with_those_of_callbacks(chain: Path, home: Path, both: Run, sqlite_url: str) -> None:
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as database:
        database.execute("UPDATE task_instance SET token = 1, try_number = 1 WHERE task_id = 'slow'")
    database.close()
    key = log_key("led", "r1", "slow", -1, 1, token=1)
    store = FileLogStore(home / "logs")
    text = "".join(f"line {number} – of many\n" for number in range(20_000))
    store.put_chunk(key, 0, text.encode())
    store.put_chunk(callback_log_key(key, "on_success_callback", 1), 0, b"called\n")
    store.close()
    assert both("tasks", "logs", "led", "slow", "2026-03-01")[:2] == (0, f"{text}called\n")
    assert both("tasks", "logs", "led", "slow", "r1", "--try-number", "1")[1].endswith("called\n")
