"""The verbs that keep things: each says what it did, and bad input gets one sentence and an exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tradewind.cli.groups import GROUPS
from tradewind.version import VERSION

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def test_the_version_is_that_of_the_distribution(run) -> None:
    project = Path(__file__).parents[2] / "pyproject.toml"
    assert run("version") == (0, f"{VERSION}\n", "")
    assert tomllib.loads(project.read_text())["project"]["version"] == VERSION


def test_without_words_every_command_is_explained(run) -> None:
    code, out, _ = run()
    assert code == 0
    assert all(f"{name} " in out for name in GROUPS)


@pytest.mark.parametrize("group", GROUPS)
def test_every_command_explains_itself(run, group: str) -> None:
    code, out, _ = run(group, "--help")
    assert code == 0
    assert f"usage: tradewind {group}" in out


def test_an_unknown_command_is_named(run) -> None:
    code, _, err = run("dagz")
    assert code == 2
    assert "invalid choice: 'dagz'" in err


def test_version_and_help_import_neither_sqlalchemy_nor_flask() -> None:
    """What start-up time depends on, counted instead of timed."""
    code = "import sys; from tradewind.cli import main; main(['version']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"sqlalchemy", "flask", "pendulum", "jinja2", "rich", "pluggy"}
    assert len([name for name in loaded if name.startswith("tradewind")]) <= 9


@pytest.mark.parametrize(
    "words",
    [["pools", "list"], ["dags", "list"], ["jobs", "check"], ["db", "check"], ["scheduler"], ["webserver"]],
    ids=" ".join,
)
def test_what_only_reads_leaves_no_empty_database_behind(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path / "home"))
    code, _, err = run(*words)
    assert code == 1
    assert err == (
        f"tradewind: There is no database yet at {tmp_path}/home/tradewind.db: run `tradewind db migrate` or "
        "`tradewind standalone`, or set TRADEWIND_HOME or database.url to where one is. "
        "[database-missing]\n"
    )
    assert not (tmp_path / "home" / "tradewind.db").exists()
    assert run("db", "migrate")[0] == 0
    assert run("pools", "list")[0] == 0


def test_a_database_without_schema_is_named(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path))
    (tmp_path / "tradewind.db").touch()
    code, _, err = run("pools", "list")
    assert code == 1
    assert "has no schema yet" in err
    assert "run `tradewind db migrate`" in err
    assert run("db", "migrate")[0] == 0
    assert run("db", "check")[0] == 0


def test_an_unknown_setting_is_one_line(run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEWIND__WEB__PROT", "1")
    code, out, err = run("pools", "list")
    assert (code, out) == (1, "")
    assert (
        err
        == "tradewind: Unknown configuration key web.prot in the environment. Did you mean web.port? [config-unknown-key]\n"
    )


def test_a_database_that_is_not_there_is_one_line(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path))
    monkeypatch.setenv("TRADEWIND__DATABASE__URL", "postgresql://nobody@127.0.0.1:1/nothing")
    code, _, err = run("pools", "list")
    assert code == 1
    assert err.startswith("tradewind: The metadata database cannot be reached: ")
    assert err.count("\n") == 1


def test_config_shows_sources_and_no_secrets(run, home: Path, sqlite_url: str) -> None:
    rows = {row["key"]: row for row in json.loads(run("config", "list", "-o", "json")[1])}
    assert rows["database.url"]["value"] == "***"
    assert rows["database.url"]["source"] == "TRADEWIND__DATABASE__URL"
    assert rows["web.port"]["source"] == "default"
    assert run("config", "get-value", "web", "port") == (0, "8080\n", "")
    assert run("config", "get-value", "web", "prot")[0] == 1


def test_pools(run, home: Path) -> None:
    assert run("pools", "set", "narrow", "2", "for the old server")[0] == 0
    rows = yaml.safe_load(run("pools", "list", "-o", "yaml")[1])
    assert {"pool": "narrow", "slots": 2, "queued": 0, "running": 0, "description": "for the old server"} in rows
    assert run("pools", "get", "narrow", "-o", "plain")[1] == "narrow\t2\t0\t0\tfor the old server\n"
    assert run("pools", "set", "narrow", "-1")[0] == 2
    assert run("pools", "delete", "narrow")[0] == 0
    assert (
        run("pools", "get", "narrow")[2]
        == "tradewind: There is no pool 'narrow': `tradewind pools list` shows all. [no-such-pool]\n"
    )
    assert run("pools", "delete", "default_pool")[0] == 1


def test_variables(run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("variables", "set", "limits", '{"a": 1}', "--json", "--description", "why")[0] == 0
    assert run("variables", "get", "limits") == (0, '{"a": 1}\n', "")
    assert run("variables", "get", "limits", "--json")[1] == '{\n  "a": 1\n}\n'
    assert json.loads(run("variables", "list", "-o", "json")[1]) == [{"key": "limits", "description": "why"}]
    assert run("variables", "set", "bad", "{", "--json")[0] == 1
    assert run("variables", "get", "nothing", "--default", "d") == (0, "d\n", "")
    assert run("variables", "get", "nothing")[0] == 1
    monkeypatch.setenv("TRADEWIND_VAR_LIMITS", "from the environment")
    assert run("variables", "get", "limits")[1] == "from the environment\n"
    assert run("variables", "delete", "limits")[0] == 0
    assert run("variables", "delete", "limits")[0] == 1


def test_connections(run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("connections", "add", "db", "--conn-uri", "postgres://me:hunter2@host:5432/schema")[0] == 0
    code, out, _ = run("connections", "get", "db", "-o", "json")
    assert code == 0
    assert "hunter2" not in out
    [row] = json.loads(out)
    assert (row["host"], row["port"], row["login"], row["password"]) == ("host", 5432, "me", "***")
    assert "already is a connection 'db'" in run("connections", "add", "db", "--conn-type", "http")[2]
    assert run("connections", "add", "other")[0] == 2
    assert run("connections", "add", "other", "--conn-json", "{")[0] == 2
    assert run("connections", "add", "web", "--conn-type", "http", "--conn-host", "h", "--conn-port", "80")[0] == 0
    assert [each["conn_id"] for each in json.loads(run("connections", "list", "-o", "json")[1])] == ["db", "web"]
    parts = ("--conn-login", "me", "--conn-schema", "s", "--conn-description", "why", "--conn-extra", '{"a": 1}')
    assert run("connections", "add", "whole", "--conn-type", "http", *parts)[0] == 0
    [row] = json.loads(run("connections", "get", "whole", "-o", "json")[1])
    assert (row["login"], row["schema"], row["description"], row["extra"]) == ("me", "s", "why", "***")
    monkeypatch.setenv("TRADEWIND_CONN_DB", "sqlite:///elsewhere.db")
    assert json.loads(run("connections", "get", "db", "-o", "json")[1])[0]["conn_type"] == "sqlite"
    assert run("connections", "get", "nothing")[0] == 1
    assert run("connections", "delete", "web")[0] == 0
    assert run("connections", "delete", "web")[0] == 1


def test_empty_lists_are_sentences_for_people_and_lists_for_programs(run, home: Path) -> None:
    for words in (["dags", "list"], ["dags", "list-runs"], ["variables", "list"], ["connections", "list"]):
        code, out, err = run(*words)
        assert (code, out) == (0, "")
        assert err.strip()
        assert json.loads(run(*words, "-o", "json")[1]) == []


def test_what_does_not_exist_is_named_with_the_way_out(run, home: Path) -> None:
    for words in (["dags", "pause", "x"], ["dags", "unpause", "x"], ["dags", "trigger", "x"]):
        assert run(*words) == (
            1,
            "",
            "tradewind: There is no DAG 'x': `tradewind dags list` shows all. [no-such-dag]\n",
        )
    assert "There is no DAG 'd'" in run("tasks", "states-for-dag-run", "d", "r")[2]
    assert run("dags", "trigger", "x", "--conf", "[1]")[0] == 2
    assert run("dags", "trigger", "x", "--exec-date", "yesterday")[0] == 2


@pytest.mark.parametrize("group", ["dags", "tasks"])
def test_help_says_the_same_of_verbs_whose_modules_it_does_not_load(run, group: str) -> None:
    """`tradewind dags --help` loads no module of a verb; `cheat-sheet` loads all."""
    out = " ".join(run(group, "--help")[1].split())
    for line in run("cheat-sheet")[1].splitlines():
        words = line.split()
        if words[1] == group:
            assert f" {words[2]} {' '.join(words[3:])}" in out


def test_a_list_does_not_wait_for_what_runs_tasks(home: Path) -> None:
    code = "import sys; from tradewind.cli import main; main(['dags', 'list']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {
        "jinja2",
        "pendulum",
        "tradewind.execution.in_process",
        "tradewind.serialization",
    }


@pytest.mark.parametrize(
    "module", ["cli.daemons.scheduler", "cli.daemons.dag_processor", "cli.daemons.worker_daemon", "execution.worker"]
)
def test_daemons_do_without_what_they_seldom_need(module: str) -> None:
    """What their memory depends on, counted instead of measured."""
    code = f"import sys; import tradewind.{module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    needless = {"cryptography", "http.server", "flask", "jinja2"}
    if module == "cli.daemons.worker_daemon":
        needless |= {
            "sqlalchemy",
            "asyncio",
            "pendulum",
        }  # a watcher waits for weeks, and needs the database for moments
    assert not set(done.stdout.split()) & needless


def test_what_imports_dag_files_has_the_usual_already_and_little_more() -> None:
    """Each warm parent has what its file imports for itself, and shares what the zygote has imported with the others."""
    code = """
import sys
from tradewind.execution import zygote
zygote.rehearse()
print(*sys.modules)
before = set(sys.modules)
from tradewind import DAG, task
with DAG("usual"):
    @task
    def work(): ...
    @task.branch
    def choose(): ...
    work() >> choose()
print(*set(sys.modules) - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    held, more = (line.split() for line in done.stdout.splitlines())
    assert not set(held) & {"asyncio", "cryptography", "http.server", "flask", "sqlalchemy"}
    assert more == []
