"""Variables and pools to files and back: everything or nothing, and secrets only in files that are one's own."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path

import pytest


def test_variables_come_back_as_they_were(run, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "variables.json"
    run("variables", "set", "plain", "text")
    run("variables", "set", "told", "value", "--description", "what for")
    code, _, err = run("variables", "export", str(file))
    assert (code, err) == (0, f"2 variables written to {file}.\n")
    assert json.loads(file.read_text()) == {"plain": "text", "told": {"value": "value", "description": "what for"}}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    run("variables", "delete", "plain")
    run("variables", "delete", "told")
    assert run("variables", "import", str(file))[1] == "2 variables are set.\n"
    assert run("variables", "get", "told")[1] == "value\n"
    assert "what for" in run("variables", "list")[1]


def test_what_is_no_text_is_kept_as_json(run, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "variables.yaml"
    file.write_text("limits: {a: 1}\nname: x\n")
    assert run("variables", "import", str(file))[0] == 0
    assert json.loads(run("variables", "get", "limits", "--json")[1]) == {"a": 1}


@pytest.mark.parametrize(("action", "code", "value"), [("overwrite", 0, "new"), ("skip", 0, "old"), ("fail", 1, "old")])
def test_what_happens_to_a_variable_that_is_there(run, home: Path, action, code, value) -> None:
    run("variables", "set", "there", "old")
    file = home / "variables.json"
    file.write_text('{"there": "new", "fresh": "1"}')
    done = run("variables", "import", str(file), "-a", action)
    assert done[0] == code
    assert run("variables", "get", "there")[1] == f"{value}\n"
    assert run("variables", "get", "fresh")[0] == code  # with `fail` nothing at all was set


def test_pools_come_back_as_they_were(run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("pools", "set", "few", "2", "for the shop")
    text = run("pools", "export", "-")[1]
    assert json.loads(text)["few"] == {"slots": 2, "description": "for the shop"}
    assert json.loads(run("pools", "delete", "few", "-o", "json")[1]) == [{"pool": "few", "deleted": True}]
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert run("pools", "import", "-")[0] == 0
    assert json.loads(run("pools", "get", "few", "-o", "json")[1])[0]["slots"] == 2


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("pools.json", '{"few": {"slots": -1}}', "Pool 'few' of {file} has no number of slots from 0 on"),
        ("pools.json", '{"few": 2}', "Pool 'few' of {file} has no number of slots from 0 on"),
        ("pools.json", "[1]", "{file} holds no object with the pools by name, but a list."),
        ("pools.json", "{", "{file} is no JSON"),
        ("pools.yaml", "a: [", "{file} is no YAML"),
    ],
)
def test_a_bad_file_changes_nothing(run, home: Path, name: str, text: str, sentence: str) -> None:
    file = home / name
    file.write_text(text)
    before = run("pools", "list", "-o", "json")[1]
    code, _, err = run("pools", "import", str(file))
    assert code == 1
    assert sentence.format(file=file) in err
    assert run("pools", "list", "-o", "json")[1] == before


def test_a_file_that_cannot_be_had_is_named(run, home: Path, tmp_path: Path) -> None:
    assert f"{tmp_path / 'none.json'} cannot be read" in run("pools", "import", str(tmp_path / "none.json"))[2]
    assert "cannot be written: No such file" in run("pools", "export", str(tmp_path / "no" / "pools.json"))[2]
