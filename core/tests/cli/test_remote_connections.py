"""Connections, variables and pools by a server: many at once, and secrets that stay where they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

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
    file.write_text('{"few": {"slots": -2}}')
    assert both("pools", "import", str(file))[2].endswith("[file-invalid]\n")
