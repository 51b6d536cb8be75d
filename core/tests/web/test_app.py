"""The application: closed to who does not say who they are; health open and truthful."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from tradewind.access.first_user import make_first_user, make_password_ahead
from tradewind.config import load
from tradewind.metadata.access_tables import ab_user
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.metadata.tables import daemon
from tradewind.web.app import create_app


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What each kind of database says is asked in tests of statements."""
    return sqlite_url


NOW = datetime.now(timezone.utc)


@pytest.fixture
def password(database: Database, tmp_path: Path) -> str:
    made = make_first_user(database, tmp_path, now=SystemClock().now)
    assert made
    return made


@pytest.fixture
def client(database: Database, tmp_path: Path) -> Iterator[FlaskClient]:
    app = create_app(load(tmp_path, {}).config, database)
    with app.test_client() as client:
        yield client


def test_the_first_user_is_made_once_and_the_password_never_stored(database: Database, tmp_path: Path) -> None:
    password = make_first_user(database, tmp_path, now=SystemClock().now)
    assert password
    assert make_first_user(database, tmp_path, now=SystemClock().now) is None
    with database.read() as connection:
        row = connection.execute(sa.select(ab_user)).one()
    assert row.username == "admin"
    assert password not in repr(row)


def test_a_password_that_was_made_before_there_was_a_database_is_carried_over(
    client: FlaskClient, database: Database, tmp_path: Path
) -> None:
    password = make_password_ahead(tmp_path)
    assert password
    assert make_password_ahead(tmp_path) is None, "it was shown before"
    assert make_first_user(database, tmp_path, now=SystemClock().now) is None
    assert client.get("/", auth=("admin", password)).status_code == 200
    assert not (tmp_path / "admin.password-hash").exists(), "whoever deletes all users gets a new password"


def test_without_a_password_nobody_gets_in(client: FlaskClient) -> None:
    assert client.get("/", auth=("admin", "")).status_code == 401
    assert client.get("/health").status_code == 200


@pytest.mark.parametrize("path", ["/", "/dags/d/runs/r", "/nothing/here"])
def test_everything_but_health_asks_for_the_password(client: FlaskClient, password: str, path: str) -> None:
    refused = client.get(path)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Basic")
    assert client.get(path, auth=("admin", password + "x")).status_code == 401
    with client.get(path, auth=("admin", password)) as answer:
        assert answer.status_code in {200, 404}


def test_scripts_of_pages_bring_up_no_box_of_the_browser(client: FlaskClient, password: str) -> None:
    for path in ("/dags/d/grid.json", "/api/v1/dags"):
        refused = client.get(path, headers={"X-Requested-With": "fetch"})
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Bearer realm="Tradewind"')


def test_a_strict_policy_stands_on_every_answer(client: FlaskClient) -> None:
    for path in ("/", "/health"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]


def test_health_knows_who_lives(client: FlaskClient, database: Database) -> None:
    def register(connection: sa.Connection, kind: str, expires: timedelta) -> None:
        times = {"started_at": NOW, "renewed_at": NOW, "expires_at": NOW + expires}
        connection.execute(sa.insert(daemon).values(id=kind, kind=kind, host="h", pid=1, **times))

    assert client.get("/health").json == {
        "metadatabase": {"status": "healthy"},
        "scheduler": {"status": None, "latest_scheduler_heartbeat": None},
        "dag_processor": {"status": None, "latest_dag_processor_heartbeat": None},
        "worker": {"status": None, "latest_worker_heartbeat": None},
        "triggerer": {"status": None, "latest_triggerer_heartbeat": None},
    }
    database.write(lambda c: register(c, "scheduler", timedelta(hours=5)))
    database.write(lambda c: register(c, "processor", timedelta(hours=-5)))
    report = client.get("/health").json
    assert report is not None
    assert report["scheduler"]["status"] == "healthy"
    assert report["dag_processor"]["status"] == "unhealthy"


def test_health_says_when_the_database_is_gone(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/no.db")
    answer = create_app(load(tmp_path, {}).config, database).test_client().get("/health")
    assert (answer.status_code, answer.json) == (503, {"metadatabase": {"status": "unhealthy"}})
    database.dispose()


def test_live_is_whoever_answers_even_without_a_database(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/no.db")
    client = create_app(load(tmp_path, {}).config, database).test_client()
    assert (client.get("/livez").status_code, client.get("/livez").json) == (200, {"status": "healthy"})
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "run `tradewind db migrate`" in answer.json["schema"]
    database.dispose()


def test_ready_tells_what_lives_beside_it(client: FlaskClient, database: Database) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    shown = {"status": "ready", "metadatabase": "reachable", "schema": "current"}
    assert answer.json == shown | dict.fromkeys(("scheduler", "dag_processor", "triggerer", "worker"), "none live")
    for kind, seconds in (("scheduler", 36_000), ("processor", -300)):
        times = {"started_at": NOW, "renewed_at": NOW, "expires_at": NOW + timedelta(seconds=seconds)}
        database.write(
            lambda c, k=kind, t=times: c.execute(sa.insert(daemon).values(id=k, kind=k, host="h", pid=1, **t))
        )
    answer = client.get("/readyz")
    assert (answer.json["scheduler"], answer.json["dag_processor"]) == ("live", "none live")


def test_a_database_that_cannot_be_reached_is_not_ready(tmp_path: Path) -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/none")
    answer = create_app(load(tmp_path, {}).config, database).test_client().get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"status": "not ready", "metadatabase": "unreachable"})
    database.dispose()
