"""The web server as a process: what stops it from starting, and what it believes of what a proxy sends."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

CONFIG = """
AUTH_TYPE = 3
AUTH_REMOTE_USER_ENV_VAR = "HTTP_X_REMOTE_USER"
"""
COMMAND = [sys.executable, "-m", "tradewind", "webserver", "--hostname", "127.0.0.1", "--port", "0"]


@pytest.fixture
def home(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """TRADEWIND_HOME with a database that has the schema."""
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path))
    monkeypatch.setenv("TRADEWIND__DATABASE__URL", sqlite_url)
    return tmp_path


@contextmanager
def running() -> Iterator[HTTPConnection]:
    """Run a server until the block ends; yield a connection to it."""
    process = subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = next(each for each in process.stdout if each.startswith("Listening on "))
        where = urlsplit(line.removeprefix("Listening on ").strip())
        connection = HTTPConnection(where.hostname or "", where.port, timeout=60)
        yield connection
        connection.close()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def status(connection: HTTPConnection, headers: Mapping[str, str]) -> int:
    connection.request("GET", "/", headers=dict(headers))
    answer = connection.getresponse()
    answer.read()
    return answer.status


def refused() -> str:
    """Run a server that does not start; return what it says."""
    answer = subprocess.run(COMMAND, capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 1
    (line,) = answer.stderr.splitlines()
    return line


def test_a_mistake_in_the_file_is_one_line_at_the_start(home: Path) -> None:
    (home / "webserver_config.py").write_text("AUTH_TYPE = nothing\n")
    line = refused()
    assert f"{home}/webserver_config.py:1: NameError: name 'nothing' is not defined" in line
    assert line.endswith("[config-invalid]")


@pytest.mark.long
def test_behind_a_proxy_its_header_counts_and_no_look_alike_and_a_second_key_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "webserver_config.py").write_text(CONFIG)
    monkeypatch.setenv("TRADEWIND__WEB__TRUSTED_PROXIES", "127.0.0.1")
    with running() as connection:
        assert status(connection, {"X-Remote-User": "admin"}) == 200
        # A proxy takes its own header out of what people send, and WSGI tells these two from it no more
        for name in ("X_Remote_User", "X-Remote_User"):
            assert status(connection, {name: "admin"}) == 401, name
        assert status(connection, {"X-Remote-User": "eve"}) == 401
        monkeypatch.setenv("TRADEWIND__WEB__SECRET_KEY", "another key than that of the first server")
        line = refused()
    assert "give all web servers the same web.secret_key" in line
    assert "another key than that" not in line.replace("signs cookies with another key than this one", "")
