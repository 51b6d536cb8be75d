"""A database with users, and the web server's application on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from tradewind.access.roles import ensure_roles
from tradewind.access.tokens import make_token
from tradewind.config import load
from tradewind.metadata.columns import Instant
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements import users
from tradewind.web.app import create_app
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

PASSWORD = "four words do better"
STORED = generate_password_hash(PASSWORD, method="scrypt:1024:8:1")  # right, and a thirtieth of the work
IDS = RandomIds(lambda: datetime.now(timezone.utc))


class SetClock:
    """The time of this host, put forward by hand."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(timezone.utc) + self.ahead

    def sql_now(self) -> sa.ColumnElement[datetime]:
        return sa.literal(self.now(), Instant())


class People:
    """Users of a test, all with one password."""

    password = PASSWORD

    def add(self, database: Database, name: str, *roles: str, password_hash: str | None = STORED) -> int:
        """Insert a user who has these roles; return the id."""

        def work(connection: sa.Connection) -> int:
            ensure_roles(connection)
            parts = {"first_name": name.title(), "last_name": "Test", "email": f"{name}@example.org"}
            return users.add_user(
                connection,
                username=name,
                **parts,
                password_hash=password_hash,
                roles=roles,
                now=datetime.now(timezone.utc),
            )

        return database.write(work)

    def token(self, database: Database, user_id: int, now: datetime, **parts: Any) -> str:
        """Make an API token of a user; return its text."""
        known = {"name": "test", "scopes": None, "dags": None, "days": 1.0, "most_days": 365.0, **parts}
        return database.write(lambda c: make_token(c, user_id=user_id, now=now, ids=IDS, **known)).text

    def events(self, database: Database) -> list[tuple[str, str | None]]:
        """Return event and owner of the audit log, the oldest first."""
        with database.read() as connection:
            found = connection.exec_driver_sql("SELECT event, owner FROM audit_event ORDER BY at, id").all()
        return [(row[0], row[1]) for row in found]

    def log_in(self, client: FlaskClient, name: str, password: str = PASSWORD) -> TestResponse:
        """Fill in the page that asks for name and password; return its answer."""
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/login/?next=/").text)
        assert token is not None
        form = {"username": name, "password": password, "csrf_token": token[1]}
        return client.post("/login/?next=/", data=form)


@pytest.fixture(scope="session")
def people() -> People:
    return People()


Make = Callable[..., Flask]


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: SetClock) -> Make:
    """Make an application whose `webserver_config.py` has this text; keywords are keys of the configuration."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("TRADEWIND_HOME", str(home))
    monkeypatch.setattr("tradewind.web.app.SystemClock", lambda: clock)

    def call(database: Database, text: str = "", **settings: str) -> Flask:
        (home / "webserver_config.py").write_text(text)
        environ = {f"TRADEWIND__{name.upper()}": value for name, value in settings.items()}
        return create_app(load(home, environ).config, database)

    return call


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    """A fresh SQLite database: what differs elsewhere has tests of its own."""
    database = Database(sqlite_url)
    yield database
    database.dispose()
