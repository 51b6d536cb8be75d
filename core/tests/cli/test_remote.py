"""`tradewind --server URL …`: the same verbs, the same output, done by a server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]


def test_pools(both: Run, there: Run, tmp_path: Path) -> None:
    for number in range(105):  # more than one page
        assert there("pools", "set", f"p{number:03}", str(number))[0] == 0
    assert there("pools", "set", "p001", "7", "changed")[:2] == (0, "Pool p001 has 7 slots.\n")
    rows = json.loads(both("pools", "list", "-o", "json")[1])
    assert len(rows) == 106
    assert rows[2] == {"pool": "p001", "slots": 7, "queued": 0, "running": 0, "description": "changed"}
    assert both("pools", "get", "p001", "-o", "yaml")[0] == 0
    assert both("pools", "get", "nope")[0] == 1
    assert "pool-protected" in both("pools", "delete", "default_pool")[2]
    assert there("pools", "delete", "p001")[1] == "Pool p001 is deleted.\n"
    assert both("pools", "delete", "p001")[2].endswith("[no-such-pool]\n")
    assert there("pools", "export", str(tmp_path / "pools.json"))[0] == 0
    assert len(json.loads((tmp_path / "pools.json").read_text())) == 105


def test_variables(both: Run, there: Run) -> None:
    assert there("variables", "set", "region", "eu", "--description", "of the buckets")[:2] == (
        0,
        "Variable region is set.\n",
    )
    assert both("variables", "get", "region")[1] == "eu\n"
    there("variables", "set", "region", '{"a": 1}')
    assert both("variables", "get", "region", "--json")[1] == '{\n  "a": 1\n}\n'
    assert json.loads(both("variables", "list", "-o", "json")[1]) == [
        {"key": "region", "description": "of the buckets"}
    ]
    assert both("variables", "get", "nope", "--default", "x")[1] == "x\n"
    assert both("variables", "get", "nope")[2].endswith("[no-such-variable]\n")
    there("variables", "set", "api_token", "hunter22")
    assert there("variables", "get", "api_token")[1] == "***\n"
    assert there("variables", "delete", "region")[1] == "Variable region is deleted.\n"
    assert both("variables", "delete", "region")[2].endswith("[no-such-variable]\n")


def test_dags_are_paused_and_triggered_and_say_why(dags: Path, both: Run, there: Run, run: Run) -> None:
    assert there("dags", "trigger", "shop", "--run-id", "one", "-c", '{"n": 4}', "-o", "json")[:2] == run_shown("one")
    assert there("dags", "trigger", "shop", "--run-id", "two")[2].startswith("shop is paused, so the run waits")
    assert there("dags", "trigger", "shop", "--run-id", "one")[2].endswith("[run-exists]\n")
    assert "paused" in both("why", "shop", "one")[1]
    assert json.loads(both("why", "shop", "one", "numbers", "-o", "json")[1])[0]["task_id"] == "numbers"
    assert there("dags", "unpause", "shop")[:2] == (0, "shop is unpaused.\n")
    assert json.loads(there("dags", "pause", "shop", "-o", "json")[1]) == [{"dag_id": "shop", "paused": True}]
    assert there("dags", "pause", "nope")[0] == 1
    assert there("dags", "trigger", "shop", "--wait", "--run-id", "three")[2].endswith("[dag-paused]\n")
    rows = json.loads(run("dags", "list-runs", "-o", "json")[1])
    assert sorted(row["run_id"] for row in rows) == ["one", "three", "two"]


def test_holds(dags: Path, both: Run, there: Run) -> None:
    assert there("dags", "trigger", "shop", "--run-id", "one")[0] == 0
    assert there("holds", "add", "shop", "-r", "one", "-t", "numbers", "--reason", "wait")[1].startswith(
        "Task 'numbers' of run 'one' of DAG 'shop' is held: `tradewind holds release "
    )
    there("holds", "add", "shop")
    rows = json.loads(both("holds", "list", "-o", "json")[1])
    assert [(row["run_id"], row["task_id"], row["reason"]) for row in rows] == [
        ("one", "numbers", "wait"),
        (None, None, None),
    ]
    assert there("holds", "add", "shop", "-r", "nope")[2].endswith("[no-such-run]\n")
    assert there("holds", "release", str(rows[0]["id"]))[1] == "Task 'numbers' of run 'one' of DAG 'shop' goes on.\n"
    assert both("holds", "release", str(rows[0]["id"]))[2].endswith("[no-such-hold]\n")
    assert len(json.loads(both("holds", "list", "-d", "shop", "-o", "json")[1])) == 1


def run_shown(run_id: str) -> tuple[int, str]:
    """What `dags trigger -o json` prints."""
    return 0, json.dumps([{"dag_id": "shop", "run_id": run_id, "conf": {"n": 4}}], indent=2) + "\n"


def test_what_needs_this_machine_says_so(there: Run) -> None:
    for words in (["db", "check"], ["scheduler"], ["rotate-fernet-key"], ["nothing"]):
        code, _, err = there(*words)
        assert (code, "leave out --server" in err) == (2, True), words


def test_a_server_that_cannot_be_asked_is_one_sentence(
    run: Run, server: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRADEWIND_TOKEN", raising=False)
    assert run("--server", server, "pools", "list")[2].endswith("[server-login]\n")
    monkeypatch.setenv("TRADEWIND_SERVER", server)
    assert run("pools", "list")[2].endswith("[server-login]\n")
    monkeypatch.setenv("TRADEWIND_TOKEN", token)
    assert run("pools", "list")[0] == 0
    assert run("--server=http://127.0.0.1:9", "pools", "list")[2].endswith("[server-unreachable]\n")
    assert "no Tradewind server" in run("--server", server.replace("/flows", "/other"), "pools", "list")[2]
    code, _, err = run("--server", "ftp://ada:secret@host", "pools", "list")
    assert (code, "secret" in err) == (2, False)
