"""Connections by the command line: files, tests, keys."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

PLUGIN = """
import os
import time

from tradewind_plugins.declarations import ConnectionType
from tradewind_plugins.hook import BaseHook
from tradewind_plugins.hooks import hookimpl


@hookimpl
def tradewind_connection_types():
    return [ConnectionType(name=name, label=name, path=f"slow_types:{name}") for name in ("Hangs", "Dies", "Fails")]


class Hangs(BaseHook):
    def __init__(self, conn_id):
        pass

    def test_connection(self):
        time.sleep(600)  # as a hook in a task may


class Dies(Hangs):
    def test_connection(self):
        os._exit(7)


class Fails(Hangs):
    def __init__(self, conn_id):
        self.given = self.get_connection(conn_id)

    def test_connection(self):
        print("noise")
        raise ConnectionError(f"refused for {self.given.password}")
"""


def test_export_and_import_keep_everything(run, home: Path) -> None:
    run("connections", "add", "db", "--conn-uri", "postgres://me:hun%2Fter2@host:5432/schema?a=b")
    run("connections", "add", "web", "--conn-json", '{"conn_type": "http", "description": "ü", "extra": {"x": [1]}}')
    for name in ("a.json", "b.yaml", "c.yml", "d.env"):
        path = home / name
        assert run("connections", "export", str(path))[0] == 0
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        before = run("connections", "export", "-")[1]
        code, _, err = run("connections", "import", str(path))
        assert code == 1
        assert "Nothing was imported, as these connections are there already: db, web. Add --overwrite" in err
        run("connections", "delete", "web")
        assert "db." in run("connections", "import", str(path))[2]
        assert run("connections", "list", "-o", "json")[1].count("conn_id") == 1, "all or none"
        assert run("connections", "import", str(path), "--overwrite")[0] == 0
        after = json.loads(run("connections", "export", "-")[1])
        expected = json.loads(before)
        if name == "d.env":
            expected["web"].pop("description")  # a URI has no place for it
            run("connections", "delete", "web")
            run("connections", "add", "web", "--conn-json", json.dumps(json.loads(before)["web"]))
        assert after == expected


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.json", "{", "x.json is not JSON"),
        ("x.json", "[]", "must hold an object of connections by their ids"),
        ("x.yaml", "a: [", "x.yaml is not YAML"),
        ("x.env", "just words", "line 1 is not ID=URI"),
        ("x.env", "a=http://x\na=http://y", "line 2 has the connection 'a' for the second time"),
        ("x.json", '{"db": {"hots": "x"}}', "connection 'db' cannot be read: connection 'db' has no field hots"),
        ("x.json", '{"db": "nothing"}', "the URI of connection 'db' has no type"),
        ("x.txt", "", "is no .json, .yaml, .yml or .env file"),
    ],
)
def test_what_cannot_be_imported_is_named(run, home: Path, name: str, text: str, message: str) -> None:
    (home / name).write_text(text)
    code, _, err = run("connections", "import", str(home / name))
    assert code != 0
    assert message in err


def test_a_connection_is_tested_by_its_hook(run, home: Path) -> None:
    run("connections", "add", "file", "--conn-type", "sqlite", "--conn-host", str(home / "x.db"))
    code, out, _ = run("connections", "test", "file", "-o", "json")
    assert (code, json.loads(out)[0]["works"]) == (0, True)
    run("connections", "add", "nowhere", "--conn-type", "sqlite", "--conn-host", str(home / "no" / "x.db"))
    code, out, _ = run("connections", "test", "nowhere", "-o", "json")
    told = f"connection 'nowhere' (sqlite, {home}/no/x.db): unable to open database file"
    assert (code, json.loads(out)[0]["message"]) == (1, told)
    run("connections", "add", "other", "--conn-type", "nonsense")
    assert "there is no connection type 'nonsense'" in run("connections", "test", "other", "-o", "json")[1]


def test_a_test_that_hangs_or_dies_is_ended_and_shows_no_password(run, home: Path, monkeypatch) -> None:
    (home / "slow_types.py").write_text(PLUGIN)
    monkeypatch.setenv("PYTHONPATH", str(home))
    monkeypatch.syspath_prepend(home)
    monkeypatch.setenv("TRADEWIND__PLUGINS__MODULES", '["slow_types"]')
    answers = {}
    for name in ("Hangs", "Dies", "Fails"):
        run("connections", "add", name, "--conn-type", name, "--conn-password", "hunter2")
        seconds = "1.5" if name == "Hangs" else "30"
        code, out, _ = run("connections", "test", name, "--timeout", seconds, "-o", "json")
        assert code == 1
        answers[name] = json.loads(out)[0]["message"]
    assert answers["Hangs"] == "no answer within 1.5 s"
    assert answers["Dies"].startswith("the test ended with code 7")
    assert answers["Fails"] == "ConnectionError: refused for ***"


def test_keys_are_rotated(run, home: Path, monkeypatch) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    monkeypatch.setenv("TRADEWIND__SECURITY__FERNET_KEY", old)
    run("connections", "add", "db", "--conn-uri", "postgres://me:hunter2@host")
    run("variables", "set", "k", "v")
    monkeypatch.setenv("TRADEWIND__SECURITY__FERNET_KEY", new)
    code, _, err = run("rotate-fernet-key")
    assert code == 1
    assert "The password of connection 'db' was encrypted with a key that is not given" in err
    assert run("connections", "list")[0] == 0, "what needs no key goes on"
    monkeypatch.setenv("TRADEWIND__SECURITY__FERNET_KEY", f"{new},{old}")
    assert "1 connection and 1 variable" in run("rotate-fernet-key")[1]
    monkeypatch.setenv("TRADEWIND__SECURITY__FERNET_KEY", new)
    assert run("variables", "get", "k")[1] == "v\n"


def test_formats_are_chosen_by_name_or_by_flag(run, home: Path) -> None:
    run("connections", "add", "db", "--conn-uri", "postgres://host:5432/schema")
    run("connections", "add", "web", "--conn-type", "http")
    assert run("connections", "export", str(home / "mine"))[0] == 2, "its name says no format"
    assert run("connections", "export", str(home / "mine"), "--format", "yaml")[0] == 0
    assert "conn_type: postgres" in (home / "mine").read_text()
    env = run("connections", "export", "-", "--file-format", "env", "--serialization-format", "json")[1]
    assert json.loads(env.splitlines()[0].partition("=")[2])["port"] == 5432
    uris = run("connections", "export", "-", "--serialization-format", "uri")[1]
    assert json.loads(uris)["db"] == "postgres://host:5432/schema"
    assert [
        each["conn_id"] for each in json.loads(run("connections", "list", "--conn-id", "web", "-o", "json")[1])
    ] == ["web"]
