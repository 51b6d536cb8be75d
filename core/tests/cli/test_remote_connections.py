"""Connections, variables and pools by a server: many at once, and secrets that stay where they are."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]
PLANTED = "hunter2-planted"


def test_variables_go_out_without_secrets_and_keep_them_when_they_come_back(run: Run, there: Run, home: Path) -> None:
    file = home / "variables.json"
    given = {"api_token": PLANTED, "db": {"password": PLANTED, "host": "h"}, "region": "eu", "told": "x"}
    file.write_text(json.dumps(given | {"told": {"value": "x", "description": "why"}}))
    assert there("variables", "import", str(file))[:2] == (0, "4 variables are set.\n")
    whole = json.loads(run("variables", "export", "-")[1])
    code, out, err = there("variables", "export", "-")
    assert (code, PLANTED in out, "in their place: api_token, db." in err) == (0, False, True)
    assert json.loads(out)["told"] == {"value": "x", "description": "why"}
    assert json.loads(out)["api_token"] == "***"
    file.write_text(out.replace('"eu"', '"us"'))
    for call in (run, there):
        assert call("variables", "import", str(file))[:2] == (0, "4 variables are set.\n")
        assert json.loads(run("variables", "export", "-")[1]) == whole | {"region": "us"}
    run("variables", "delete", "api_token")
    run("variables", "set", "db", '{"host": "h"}')
    for call in (run, there):
        refused = call("variables", "import", str(file))
        assert (refused[0], refused[2].endswith("[secret-missing]\n")) == (1, True)
    assert run("variables", "get", "db")[1] == '{"host": "h"}\n', "all or none"


def test_what_happens_to_variables_that_are_there(both: Run, run: Run, there: Run, home: Path) -> None:
    file = home / "variables.json"
    run("variables", "set", "a", "old")
    file.write_text('{"b": "1", "a": "new"}')
    refused = both("variables", "import", str(file), "-a", "fail")
    assert refused[2] == "tradewind: Nothing was set, as there are variables a already. [already-exists]\n"
    kept = there("variables", "import", str(file), "-a", "skip")
    assert kept[1] == "1 variables are set, 1 were there and are kept.\n"
    assert json.loads(both("variables", "export", "-")[1]) == {"a": "old", "b": "1"}
    file.write_text("{}")
    assert both("variables", "import", str(file))[1] == "0 variables are set.\n"


def test_pools_come_from_a_file(both: Run, run: Run, there: Run, home: Path) -> None:
    file = home / "pools.json"
    file.write_text('{"few": {"slots": 2, "description": "shop"}, "default_pool": {"slots": 9}}')
    assert there("pools", "import", str(file))[:2] == (0, "2 pools are set.\n")
    rows = {each["pool"]: each for each in json.loads(both("pools", "list", "-o", "json")[1])}
    assert (rows["few"]["description"], rows["default_pool"]["slots"]) == ("shop", 9)
    file.write_text('{"a": {"slots": 2}, "few": {"slots": 3000000000}}')
    refused = there("pools", "import", str(file))[2]
    assert refused.startswith("tradewind: Nothing was changed: 'few': pools.1.slots in the body: ")
    assert len(json.loads(both("pools", "list", "-o", "json")[1])) == 2, "all or none"
    file.write_text('{"few": {"slots": -2}}')
    assert both("pools", "import", str(file))[2].endswith("[file-invalid]\n")


def test_connections_are_made_shown_and_deleted(both: Run, run: Run, there: Run) -> None:
    uri = f"postgres://me:{PLANTED}@host:5432/schema?sslmode=require&api_key={PLANTED}"
    assert there("connections", "add", "db", "--conn-uri", uri)[:2] == (0, "Connection db is added.\n")
    assert json.loads(run("connections", "export", "-", "--serialization-format", "uri")[1]) == {"db": uri}
    assert both("connections", "add", "db", "--conn-uri", uri)[2].endswith("[already-exists]\n")
    there("connections", "add", "web", "--conn-type", "http", "--conn-host", "h", "--conn-port", "80")
    rows = json.loads(both("connections", "list", "-o", "json")[1])
    assert [(each["conn_id"], each["port"], each["password"], each["extra"]) for each in rows] == [
        ("db", 5432, "***", "***"),
        ("web", 80, None, None),
    ]
    assert json.loads(both("connections", "list", "--conn-id", "web", "-o", "json")[1]) == rows[1:]
    assert json.loads(both("connections", "get", "db", "-o", "json")[1]) == rows[:1]
    assert both("connections", "list", "--conn-id", "none")[1] == ""
    assert there("connections", "get", "none")[2].endswith("[no-such-connection]\n")
    assert there("connections", "delete", "db")[:2] == (0, "Connection db is deleted.\n")
    assert both("connections", "delete", "db")[2].endswith("[no-such-connection]\n")
    assert there("connections", "add", "web2", "--conn-type", "http", "--conn-port", "99999")[2].startswith(
        "tradewind: port in the body: "
    )


def test_connections_go_out_without_secrets_and_keep_them_when_they_come_back(
    both: Run, run: Run, there: Run, home: Path
) -> None:
    extra = {"host": "x", "private_key": PLANTED}
    given = {
        "db": {"conn_type": "postgres", "login": "me", "password": PLANTED, "extra": extra},
        "odd": {"conn_type": "http", "extra": f"no json {PLANTED}"},
        "web": {"conn_type": "http", "host": "h", "description": "plain"},
    }
    (home / "all.json").write_text(json.dumps(given))
    assert there("connections", "import", str(home / "all.json"))[1].startswith("3 connections were imported from ")
    whole = run("connections", "export", "-")[1]
    assert json.loads(whole) == given
    taken = both("connections", "import", str(home / "all.json"))
    assert "as these connections are there already: db, odd, web. Add --overwrite" in taken[2]
    for name in ("out.json", "out.yaml", "out.env"):
        file = home / name
        words = ("--serialization-format", "json") if name == "out.env" else ()
        code, out, err = there("connections", "export", str(file), *words)
        assert (code, PLANTED in file.read_text(), "in their place: db, odd." in err) == (0, False, True)
        assert out == f"3 connections are in {file}, without their secrets.\n"
        for call in (run, there):
            assert call("connections", "import", str(file), "--overwrite")[0] == 0
            assert run("connections", "export", "-")[1] == whole
    run("connections", "delete", "db")
    for call in (run, there):
        refused = call("connections", "import", str(home / "out.json"), "--overwrite")
        assert (refused[0], refused[2].endswith("[secret-missing]\n"), "'db'" in refused[2]) == (1, True, True)
    assert both("connections", "list", "--conn-id", "db")[1] == "", "all or none"


@pytest.fixture
def trying(home: Path) -> None:
    """The server may try connections."""
    (home / "tradewind.toml").write_text("[web]\ntest_connection = true\n")


@pytest.mark.usefixtures("trying")
def test_a_server_tries_a_connection(both: Run, run: Run, there: Run, home: Path) -> None:
    run("connections", "add", "file", "--conn-type", "sqlite", "--conn-host", str(home / "x.db"))
    run("connections", "add", "odd", "--conn-type", "nonsense", "--conn-password", PLANTED)
    code, out, _ = there("connections", "test", "file", "-o", "json")
    assert (code, json.loads(out)[0]["works"]) == (0, True)
    code, out, _ = both("connections", "test", "odd", "-o", "json")
    assert (code, "there is no connection type 'nonsense'" in out) == (1, True)
    assert both("connections", "test", "none")[2].endswith("[no-such-connection]\n")
    assert "timeout in the query" in there("connections", "test", "file", "--timeout", "31")[2]


def test_a_server_that_may_not_try_connections_says_so(there: Run) -> None:
    assert there("connections", "test", "db")[2].endswith("[not-enabled]\n")


def test_many_rows_are_few_requests(run: Run, there: Run, home: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="werkzeug")
    (home / "variables.json").write_text(json.dumps({f"v{number}": "x" for number in range(201)}))
    (home / "connections.json").write_text(json.dumps({f"c{number}": "http://h" for number in range(201)}))
    for group in ("variables", "connections"):
        assert there(group, "import", str(home / f"{group}.json"))[0] == 0
        caplog.clear()
        code, out, _ = there(group, "export", "-")
        assert (code, out, len(caplog.records)) == (0, run(group, "export", "-")[1], 3)
        caplog.clear()
        words = ("-a", "skip") if group == "variables" else ("--overwrite",)
        assert there(group, "import", str(home / f"{group}.json"), *words)[0] == 0
        assert len(caplog.records) == 1


def test_which_place_answers_is_explained(both, run, monkeypatch):
    run("connections", "add", "db", "--conn-uri", "sqlite://h")
    monkeypatch.setenv("TRADEWIND_VAR_K", "hunter2")
    rows = json.loads(both("connections", "get", "db", "--explain", "-o", "json")[1])
    assert [(row["place"], row["has it"], row["used"]) for row in rows] == [
        ("environment", "no", ""),
        ("database", "yes", "yes"),
    ]
    told = both("variables", "get", "k", "--explain")[1]
    assert "hunter2" not in told
    assert [line.split() for line in told.splitlines() if "e" in line][-2:] == [
        ["environment", "yes", "yes"],
        ["database", "no"],
    ]
