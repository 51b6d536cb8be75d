"""A home with a migrated database, and the command line as a function."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tradewind.cli import main

Run = Callable[..., tuple[int, str, str]]
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
