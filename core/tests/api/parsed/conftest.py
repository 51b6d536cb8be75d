"""Parsed DAG files behind the API, on one SQLite database for each module of tests."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from tradewind.access.actors import Actor
from tradewind.access.operations import Permission
from tradewind.cli import main
from tradewind.config import load
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.metadata.wakeups import open_wakeups
from tradewind.operations.context import Tools

MIGHTY = Actor("ada", 1, None)
ASSETS = """
from datetime import datetime
from tradewind import DAG, Asset
from tradewind.operators.empty import EmptyOperator

raw, other = Asset("s3://bucket/raw", extra={"team": "sales"}), Asset("s3://bucket/other")
with DAG("producer", schedule=None, is_paused_upon_creation=False):
    EmptyOperator(task_id="make", outlets=[raw])
with DAG("consumer", schedule=[raw], is_paused_upon_creation=False):
    EmptyOperator(task_id="use")
with DAG("rare", schedule="0 0 29 2 *", start_date=datetime(2026, 1, 1), catchup=False, is_paused_upon_creation=False):
    EmptyOperator(task_id="jump")
with DAG("patient", schedule=[raw, other], is_paused_upon_creation=False):
    EmptyOperator(task_id="use")
"""
CHAIN = """
from datetime import datetime
from tradewind import DAG
from tradewind.operators.empty import EmptyOperator

with DAG("chain", schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False, is_paused_upon_creation=False):
    EmptyOperator(task_id="first") >> EmptyOperator(task_id="last")
"""
SHARED = """
from tradewind import DAG
from tradewind.operators.empty import EmptyOperator
for name in ("mine", "yours"):
    with DAG(name, schedule=None):
        EmptyOperator(task_id="only")
"""


@dataclass
class Stage:
    """A database with parsed DAGs behind the API."""

    tools: Tools
    app_of: Callable[[Tools, Actor], Flask]

    def client(self, *permissions: tuple[str, str], **more: Any) -> FlaskClient:
        """Return a client of somebody who has these permissions only; of one who may do everything, without any."""
        granted = frozenset(Permission(*each) for each in permissions) if permissions else None
        return self.app_of(self.tools, Actor("bob", 2, granted, **more)).test_client()


@pytest.fixture(scope="session")
def parsed_files(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with DAG files that were parsed twice, as some of them changed; to be copied."""
    home = tmp_path_factory.mktemp("parsed_files")
    shutil.copyfile(sqlite_template, home / "tradewind.db")
    dags = home / "dags"
    dags.mkdir()
    (dags / "assets.py").write_text(ASSETS)
    (dags / "chain.py").write_text(CHAIN)
    (dags / "shared.py").write_text(SHARED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRADEWIND_HOME", str(home))
        assert main(["dag-processor", "--once"]) == 0
        assert main(["dags", "trigger", "chain", "-r", "first_version"]) == 0
        (dags / "chain.py").write_text(CHAIN.replace('"first") >>', '"first") >> EmptyOperator(task_id="middle") >>'))
        (dags / "shared.py").write_text(SHARED + "\nraise RuntimeError('no yours today')\n")
        (dags / "broken.py").write_text("from tradewind import DAG\ndef half(:\n")
        main(["dag-processor", "--once"])
    with sqlite3.connect(home / "tradewind.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return home


@pytest.fixture(scope="module")
def stage(
    parsed_files: Path, tmp_path_factory: pytest.TempPathFactory, app_of: Callable[[Tools, Actor], Flask]
) -> Iterator[Stage]:
    """DAGs behind the API, for all tests of a module."""
    home = tmp_path_factory.mktemp("stage")
    shutil.copyfile(parsed_files / "tradewind.db", home / "tradewind.db")
    shutil.copytree(parsed_files / "dags", home / "dags")
    database = Database(f"sqlite:///{home / 'tradewind.db'}")
    wakeups = open_wakeups(database, home)
    yield Stage(Tools(load(home, {}).config, database, SystemClock(), wakeups), app_of)
    wakeups.close()
    database.dispose()


@pytest.fixture
def client(stage: Stage) -> FlaskClient:
    """Sends requests in the name of somebody who may do everything."""
    return stage.client()
