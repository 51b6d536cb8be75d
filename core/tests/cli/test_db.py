"""`tradewind db`: migrations by every spelling, as SQL too; what is refused; a shell; waiting for the schema."""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from tradewind.metadata import dialects, schema
from tradewind.metadata.engine import Database

pytestmark = pytest.mark.long_module


@pytest.fixture
def on(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The command line on each kind of database."""
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path))
    monkeypatch.setenv("TRADEWIND__DATABASE__URL", database_url)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))  # nobody answers
    return database_url


@pytest.fixture
def disposable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The same on a SQLite database whose schema a test may change."""
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path))
    monkeypatch.setenv("TRADEWIND__DATABASE__URL", f"sqlite:///{tmp_path}/mine.db")
    return tmp_path


def test_check_and_migrate_and_reset(run, on: str) -> None:
    assert run("db", "check")[0] == 0
    assert f"is at revision {schema.REVISION}" in run("db", "check-migrations")[1]
    assert run("variables", "set", "k", "v")[0] == 0
    assert run("db", "reset")[0] == 1, "nobody said yes"
    assert run("variables", "get", "k")[1] == "v\n"
    code, out, _ = run("db", "reset", "--yes")
    assert (code, f"is empty, at revision {schema.REVISION}." in out) == (0, True)
    assert run("variables", "get", "k")[0] == 1
    assert run("db", "reset", "--yes", "--skip-init")[0] == 0
    assert "has no schema yet" in run("db", "check")[2]
    assert run("db", "migrate")[0] == 0
    assert run("pools", "list", "-o", "json")[1].count("default_pool") == 1


def test_down_and_up_again(run, on: str) -> None:
    assert run("db", "downgrade")[0] == 2
    assert "Nobody can be asked here: say --yes." in run("db", "downgrade", "--to-revision", "base")[2]
    assert "base: it has no schema" in run("db", "downgrade", "--to-revision", "base", "--yes")[1]
    assert "has no schema yet" in run("dags", "list")[2]
    assert run("db", "migrate", "--to-version", "0.1.0")[0] == 0
    assert run("db", "migrate", "--to-version", "9.9")[0] == 2
    code, _, err = run("db", "migrate", "--to-revision", "7777")
    assert (code, "This release cannot migrate that" in err) == (1, True)
    assert run("db", "migrate")[0] == 0
    assert run("db", "check")[0] == 0


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
@pytest.mark.parametrize("flag", ["--show-sql-only", "--sql", "-s"])
def test_sql_is_printed_without_asking_a_database(run, disposable: Path, monkeypatch, kind: str, flag: str) -> None:
    url = f"sqlite:///{disposable}/none.db" if kind == "sqlite" else f"{kind}://nobody@127.0.0.1:1/nowhere"
    monkeypatch.setenv("TRADEWIND__DATABASE__URL", url)
    code, out, err = run("db", "migrate", flag, "--from-revision", "base")
    assert (code, err) == (0, "")
    assert "CREATE TABLE task_instance" in out
    assert "INSERT INTO alembic_version" in out
    assert ("utf8mb4_nopad_bin" in out) == (kind == "mariadb")
    assert not (disposable / "none.db").exists()


def test_the_printed_sql_makes_the_schema(run, disposable: Path) -> None:
    sql = run("db", "migrate", "--sql", "--from-revision", "base")[1]
    Database(f"sqlite:///{disposable}/mine.db").dispose()
    with sqlite3.connect(disposable / "mine.db") as connection:
        connection.executescript(sql)
    connection.close()
    assert run("db", "check")[0] == 0
    assert run("db", "migrate", "--sql")[1].count("CREATE TABLE") == 0, "it is there already"


def put_revision(url: str, revision: str) -> None:
    """Say that the schema is at another revision."""
    database = Database(url)
    with database.transaction() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :r"), {"r": revision})
    database.dispose()


def test_a_newer_schema_ends_a_command_and_a_daemon_with_one_sentence(run, home: Path) -> None:
    put_revision(os.environ["TRADEWIND__DATABASE__URL"], "9999")
    for words in (["dags", "list"], ["scheduler"], ["worker"], ["dag-processor"], ["webserver"], ["check"]):
        code, _, err = run(*(words if words != ["check"] else ["db", "check"]))
        assert code == 1
        assert "is at revision 9999 of a newer release" in err
        assert len(err.splitlines()) == 1


def test_check_migrations_gives_up_in_time(run, disposable: Path) -> None:
    code, _, err = run("db", "check-migrations", "-t", "1")
    assert code == 1
    first, last = err.splitlines()
    assert first.endswith("run `tradewind db migrate`. Waiting for it.")
    assert "has no schema yet" in last


def test_a_daemon_waits_for_the_migration_and_says_so_once(run, disposable: Path) -> None:
    (disposable / "dags").mkdir(exist_ok=True)
    assert run("db", "migrate")[0] == 0
    assert run("db", "downgrade", "--to-revision", "base", "--yes")[0] == 0
    command = [sys.executable, "-m", "tradewind", "dag-processor", "--once"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as daemon:
        assert daemon.stderr is not None
        first = daemon.stderr.readline()
        assert run("db", "migrate")[0] == 0
        rest = daemon.stderr.read()
    assert "has no schema yet" in first
    assert first.endswith("Waiting for it.\n")
    assert daemon.returncode == 0
    assert "Waiting" not in rest


def test_a_database_that_does_not_answer_is_asked_again(run, disposable: Path, monkeypatch) -> None:
    monkeypatch.setenv("TRADEWIND__DATABASE__URL", "postgresql://nobody@127.0.0.1:1/nowhere")
    code, _, err = run("db", "check", "--retry", "2", "--retry-delay", "0.01")
    assert code == 1
    assert err.count("asking again in 0.01 s") == 2


def test_the_shell_is_the_databases_own_client(on: str, tmp_path: Path) -> None:
    dialect = Database(on).dialect
    clients = {dialects.SQLITE: "sqlite3", dialects.POSTGRESQL: "psql", dialects.MARIADB: "mariadb"}
    if shutil.which(clients[dialect]) is None:
        pytest.skip(f"no {clients[dialect]} here")
    done = subprocess.run(
        [sys.executable, "-m", "tradewind", "db", "shell"],
        input="SELECT slots + 1000 FROM pool;\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1128" in done.stdout, done.stderr


def test_a_missing_client_is_named(run, disposable: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(disposable))
    assert "There is no sqlite3 on this machine" in run("db", "shell")[2]


@pytest.mark.parametrize("verb", ["migrate", "upgrade", "init"])
def test_sql_between_two_revisions_or_releases(run, disposable: Path, verb: str) -> None:
    """Under Airflow's older names too."""
    by_revision = run("db", verb, "--show-sql-only", "--from-revision", "base", "--to-revision", "0001")
    assert by_revision[0] == 0
    assert "CREATE TABLE dag_run" in by_revision[1]
    assert run("db", verb, "--from-revision", "base")[0] == 2, "it is for --show-sql-only"
    same = run("db", verb, "--show-sql-only", "--from-version", "0.1.0", "--to-version", "0.1.0")[1]
    assert "CREATE TABLE" not in same
    assert run("db", verb)[0] == 0
    assert run("db", "check")[0] == 0


def test_sql_of_a_downgrade(run, disposable: Path) -> None:
    for start in (("--from-revision", "0001"), ("--from-version", "0.1.0")):
        code, out, _ = run("db", "downgrade", "--show-sql-only", *start, "--to-revision", "base")
        assert (code, "DROP TABLE dag_run" in out) == (0, True)
