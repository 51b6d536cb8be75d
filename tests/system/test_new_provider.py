"""A provider that `tradewind providers new` wrote is whole: it passes the conformance kit alone, and a DAG runs with it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from distributions.alone import run_alone
from tradewind.cli import main


class Parrot(BaseHTTPRequestHandler):
    """Repeats the path."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.path[1:].encode())

    def log_message(self, *args: object) -> None:
        """Print nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Parrot) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert main(["providers", "new", "grey-parrot", "--path", str(tmp_path / "new")]) == 0
    return tmp_path / "new"


def test_it_passes_the_kit_where_nothing_else_is_installed(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "work").mkdir()
    assert run_alone(str(folder), tmp_path / "work", ["-q"]) == 0
    out = capfd.readouterr().out
    assert "with tradewind-grey-parrot 0.1.0, tradewind-testing" in out
    assert "failed" not in out


def test_its_example_runs(folder: Path, tmp_path: Path, port: int) -> None:
    connection = f'{{"conn_type": "grey_parrot", "host": "127.0.0.1", "port": {port}}}'
    done = subprocess.run(
        [sys.executable, "-m", "tradewind", "dags", "test", "example_grey_parrot", "2026-01-02"]
        + ["--file", str(folder / "examples/example_grey_parrot.py")],
        env={
            **os.environ,
            "PYTHONPATH": str(folder / "src"),
            "TRADEWIND_HOME": str(tmp_path / "home"),
            "TRADEWIND_CONN_GREY_PARROT_DEFAULT": connection,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
