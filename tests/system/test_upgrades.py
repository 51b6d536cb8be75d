"""Databases that earlier releases left, with data: they migrate to this one, and what was under way goes on."""

from __future__ import annotations

import gzip
import sqlite3
from pathlib import Path

import psycopg
import pytest
from tradewind.metadata.credentials import find_variable
from tradewind.metadata.secrets import Cipher
from tradewind.metadata.statements import connections, listings
from tradewind.plugins.secrets import secrets_chain

DUMPS = Path(__file__).parents[2] / "core" / "tests" / "metadata" / "dumps"
FERNET_KEY = "dHJhZGV3aW5kLXRlc3RzLWZlcm5ldC1rZXktMTIzNDU="
NAMES = sorted({path.name.split(".sqlite")[0] for path in DUMPS.glob("*.sqlite.sql.gz")})


@pytest.fixture(params=NAMES)
def dump(request: pytest.FixtureRequest) -> str:
    """Each release that there is a dump of."""
    name: str = request.param
    return name


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def restored(request: pytest.FixtureRequest, dump: str, tmp_path: Path) -> str:
    """The URL of a database as it was dumped."""
    text = gzip.decompress((DUMPS / f"{dump}.{request.param}.sql.gz").read_bytes()).decode()
    if request.param == "sqlite":
        path = tmp_path / "old.db"
        with sqlite3.connect(path) as connection:
            connection.executescript(text)
        connection.close()
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("postgres_empty_url")
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(text)  # type: ignore[call-overload]
    return url


def test_an_old_database_migrates_and_goes_on(restored: str, deploy, tmp_path: Path) -> None:
    (tmp_path / "gate").write_text("open")
    deployment = deploy(restored)
    deployment.environment |= {
        "TRADEWIND__SECURITY__FERNET_KEY": FERNET_KEY,
        "TRADEWIND__LEASES__DURATION": "2",
        "TRADEWIND__LEASES__RENEW_EVERY": "0.5",
        "TRADEWIND__LEASES__ISOLATION_GRACE": "5",
        "TRADEWIND_DUMP_GATE": str(tmp_path / "gate"),
    }
    history_is_there(deployment)
    # The folder is empty: what goes on runs the code that its version has in the database
    deployment.start("worker", "scheduler")
    deployment.until("the queued run ends", lambda: deployment.run_state("versioned", "late") == "success")
    deployment.until("the open run ends", lambda: deployment.run_state("everything", "open") in {"success", "failed"})
    assert set(deployment.states("everything", "open").values()) == {"success"}
    assert deployment.run_state("everything", "open") == "success"
    assert deployment.cli("dags", "trigger", "versioned", "--run-id", "new").returncode == 0
    deployment.until("a new run ends", lambda: deployment.run_state("versioned", "new") == "success")
    assert deployment.stop() == {"worker": 0, "scheduler": 0}


def history_is_there(deployment) -> None:
    """What had ended is as it was; secrets open with their key."""
    assert deployment.states("broken", "old") == {"fails": "failed", "never": "upstream_failed", "skips": "skipped"}
    assert deployment.states("everything", "open")["holds"] == "running"
    cipher = Cipher(FERNET_KEY)
    with deployment.database.read() as connection:
        found = connections.get_connection(connection, "warehouse", cipher=cipher)
        assert found is not None
        assert (found.password, found.port, found.extra_dejson) == ("hunter2", 5433, {"a": "b"})
        assert (
            find_variable(deployment.database, "greeting", cipher=cipher, secrets=secrets_chain(())) == "hello from 0.1"
        )
        assert [each.path for each in listings.list_import_errors(connection)] == ["mistaken.py"]
        runs = listings.list_runs(connection, dag_id="versioned")
        assert {each.version for each in runs} == {1, 2}
        assert len(listings.list_runs(connection, dag_id="daily")) == 3
