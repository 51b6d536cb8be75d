"""The web server as a process of its own: its first start makes the password, and who has it gets in."""

from __future__ import annotations

import base64
import re
import signal
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit


def start() -> tuple[subprocess.Popen[str], str, str | None]:
    """Start a web server and return it with its address, and the password if it printed one."""
    command = [sys.executable, "-m", "tradewind", "webserver", "--hostname", "127.0.0.1", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.readline()
    password = re.search(r"password: (\S+)", said)
    listening = process.stdout.readline() if password else said
    return process, listening.removeprefix("Listening on ").strip(), password and password[1]


def stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60) == ("", None)
    assert process.returncode == 0


def test_the_first_start_makes_the_password(home: Path) -> None:
    process, address, password = start()
    where = urlsplit(address)
    connection = HTTPConnection(where.hostname or "", where.port, timeout=60)
    login = base64.b64encode(f"admin:{password}".encode()).decode()
    connection.request("GET", "/", headers={"Authorization": f"Basic {login}"})
    assert connection.getresponse().status == 200
    connection.close()
    stop(process)
    process, _, password = start()
    assert password is None
    stop(process)
