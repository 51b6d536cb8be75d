"""`tradewind holds`, `tradewind why` and `tasks failed-deps`: what waits says why, and goes on when it may."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

FILE = """
import pendulum
from tradewind import DAG
from tradewind.operators.bash import BashOperator

with DAG("sails", schedule=None, start_date=pendulum.datetime(2026, 1, 1), is_paused_upon_creation=False):
    BashOperator(task_id="set", bash_command="true") >> BashOperator(task_id="trim", bash_command="true")
"""


@pytest.fixture
def made(dags: Path, run) -> Path:
    (dags / "sails.py").write_text(FILE)
    assert run("dag-processor", "--once")[0] == 0
    assert run("dags", "trigger", "sails", "-r", "first")[0] == 0
    return dags


def test_a_hold_is_made_shown_and_released(run, made: Path) -> None:
    code, out, err = run("holds", "add", "sails", "-t", "set", "--reason", "no wind", "-o", "json")
    assert code == 0, err
    key = json.loads(out)[0]["id"]
    (listed,) = json.loads(run("holds", "list", "-d", "sails", "-o", "json")[1])
    assert (listed["task_id"], listed["run_id"], listed["reason"]) == ("set", None, "no wind")
    assert run("scheduler", "-n", "2")[0] == 0
    assert run("tasks", "state", "sails", "set", "first")[1] == "scheduled\n"
    why = run("why", "sails", "first", "set")[1]
    assert why.startswith("Task 'set' of DAG 'sails' is held since ")
    assert why.endswith(f", 'no wind': `tradewind holds release {key}`.\n")
    assert run("holds", "release", str(key))[1] == "Task 'set' of DAG 'sails' goes on.\n"
    assert json.loads(run("holds", "list", "-o", "json")[1]) == []
    assert "held" not in run("why", "sails", "first", "set")[1]


def test_failed_deps_says_the_same_in_airflows_words(run, made: Path) -> None:
    sentence = "Its trigger rule all_success waits for 'set' (scheduled).\n"
    assert run("tasks", "failed-deps", "sails", "trim", "first", "--map-index", "-1")[:2] == (0, sentence)
    assert run("why", "sails", "first", "trim")[:2] == (0, sentence)
    (row,) = json.loads(run("why", "sails", "-o", "json")[1])
    assert row["why"] == "No scheduler lives: start `tradewind scheduler`."


@pytest.mark.parametrize(
    ("words", "error_id"),
    [
        (("why", "nothing"), "no-such-dag"),
        (("why", "sails", "second"), "no-such-run"),
        (("why", "sails", "first", "reef"), "no-such-task"),
        (("holds", "add", "sails", "-r", "first", "-t", "reef"), "no-such-task"),
        (("holds", "add", "sails", "--map-index", "1"), "wrong-usage"),
        (("holds", "release", "7"), "no-such-hold"),
    ],
)
def test_what_is_not_there_is_one_sentence(run, made: Path, words: tuple[str, ...], error_id: str) -> None:
    code, out, err = run(*words)
    assert (code > 0, out) == (True, "")
    assert f"[{error_id}]" in err
