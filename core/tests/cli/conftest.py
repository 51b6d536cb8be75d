"""A home with a migrated database, and the command line as a function."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from flask import Flask, Request
from tradewind.access.actors import Actor
from tradewind.api import problems
from tradewind.api.blueprint import make_blueprint
from tradewind.api.problems import ProblemError
from tradewind.cli import main
from tradewind.config import load
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.metadata.wakeups import open_wakeups
from tradewind.operations.context import Tools
from werkzeug.serving import make_server

Run = Callable[..., tuple[int, str, str]]
TOKEN, FOR_RUNS = "twd_for_tests", "twd_for_runs"
ACTORS = {
    f"Bearer {TOKEN}": Actor("ada", 1, None, via="token"),
    f"Bearer {FOR_RUNS}": Actor("bob", 2, None, scopes=("runs.*",), via="token"),
}
SHOP = """
from tradewind import Param, dag, task

@dag(schedule=None, params={"n": Param(3, type="integer", minimum=0)})
def shop():
    @task
    def numbers():
        return [1, 2]

    @task
    def square(n):
        return n * n

    square.expand(n=numbers())

shop()
"""


@pytest.fixture
def home(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """TRADEWIND_HOME with a database that has the schema."""
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path))
    monkeypatch.setenv("TRADEWIND__DATABASE__URL", sqlite_url)
    monkeypatch.setattr(sys, "path", [*sys.path])  # `dags test` puts the file's folder in front
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `tradewind` with these words in this process; returns exit code, output and errors."""

    def call(*words: str) -> tuple[int, str, str]:
        try:
            code = main(words)
        except SystemExit as end:  # argparse's own ending
            code = end.code if isinstance(end.code, int) else 1
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture(scope="session")
def parsed(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose DAG folder has one good file, which was parsed; to be copied."""
    home = tmp_path_factory.mktemp("parsed")
    shutil.copyfile(sqlite_template, home / "tradewind.db")
    (home / "dags").mkdir()
    (home / "dags" / "good.py").write_text(SHOP)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRADEWIND_HOME", str(home))
        assert main(["dag-processor", "--once"]) == 0
    with sqlite3.connect(home / "tradewind.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return home


@pytest.fixture
def dags(home: Path, sqlite_url: str, parsed: Path) -> Path:
    """A DAG folder with one good file, which was parsed."""
    shutil.copyfile(parsed / "tradewind.db", sqlite_url.removeprefix("sqlite:///"))
    return Path(shutil.copytree(parsed / "dags", home / "dags"))


def authenticate(request: Request) -> Actor:
    found = ACTORS.get(request.headers.get("Authorization", ""))
    if found is None:
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "There is no such token.")
    return found


@pytest.fixture
def token() -> str:
    """What the server takes for proof of who asks."""
    return TOKEN


@pytest.fixture
def for_runs(run: Run, server: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command by the server, with a token that is for operations on runs only."""
    monkeypatch.setenv("TRADEWIND_TOKEN", FOR_RUNS)
    return lambda *words: run("--server", server, *words)


@pytest.fixture
def server(home: Path, sqlite_url: str) -> Iterator[str]:
    """URL of a server below a path, on the database that commands without --server use."""
    database = Database(sqlite_url)
    wakeups = open_wakeups(database, home)
    app = Flask("tradewind")
    blueprint = make_blueprint(Tools(load(home, {}).config, database, SystemClock(), wakeups), authenticate)
    app.register_blueprint(blueprint, url_prefix="/flows/api/v1")
    problems.install(app)
    served = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=served.serve_forever, args=(0.01,))  # seconds until it sees that it is to end
    thread.start()
    yield f"http://127.0.0.1:{served.server_port}/flows"
    served.shutdown()
    thread.join()
    served.server_close()
    wakeups.close()
    database.dispose()


@pytest.fixture
def both(run: Run, server: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command that reads, here and by the server, and return what both say, once."""
    monkeypatch.setenv("TRADEWIND_TOKEN", TOKEN)

    def call(*words: str) -> tuple[int, str, str]:
        here, there = run(*words), run("--server", server, *words)
        assert there == here
        return there

    return call


@pytest.fixture
def there(run: Run, server: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command by the server."""
    monkeypatch.setenv("TRADEWIND_TOKEN", TOKEN)
    return lambda *words: run("--server", server, *words)
