"""The systemd units: verified by systemd, and their commands run as systemd would run them, told what it would be told."""

from __future__ import annotations

import configparser
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tradewind.config import load
from tradewind.notify import NotifySocket

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "scripts" / "systemd").glob("*.service"))
INSTALLED = "/opt/tradewind/bin/tradewind"
OURS = str(Path(sys.executable).parent / "tradewind")
PATIENCE = 60.0


def service(unit: Path) -> configparser.SectionProxy:
    """The [Service] section of a unit."""
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(unit.read_text().replace(INSTALLED, OURS))
    return parser["Service"]


def test_systemd_finds_nothing_wrong_with_them(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        assert "CI" not in os.environ, "systemd-analyze is missing: .ci/run installs it"
        pytest.skip("systemd-analyze is not installed")
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text().replace(INSTALLED, OURS))
    paths = [str(tmp_path / unit.name) for unit in UNITS]
    done = subprocess.run([analyze, "verify", *paths], capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "tradewind" in line]
    assert (done.returncode, ours) == (0, [])


class Unit:
    """A unit's service, run with a notification socket of the test's own."""

    def __init__(self, unit: Path, environment: dict[str, str]) -> None:
        self.name = unit.stem
        self.service = service(unit)
        self.ears = NotifySocket()
        self.heard: list[str] = []
        command = shlex.split(self.service["ExecStart"])
        if "webserver" in command:
            command += ["--port", "0"]
        self.process = subprocess.Popen(command, env=environment | self.ears.environment, start_new_session=True)

    def until(self, line: str) -> None:
        """Wait until it has told this line since the last call."""
        pause, deadline = threading.Event(), time.monotonic() + PATIENCE
        while line not in self.heard:
            assert self.process.poll() is None or line == "STOPPING=1", f"{self.name} ended with {self.process.poll()}"
            assert time.monotonic() < deadline, f"{self.name} did not tell {line}: {self.heard}"
            pause.wait(0.05)
            self.heard += self.ears.heard()
        del self.heard[: self.heard.index(line) + 1]

    def reload(self) -> int:
        """Run ExecReload."""
        words = shlex.split(self.service["ExecReload"].replace("$MAINPID", str(self.process.pid)))
        return subprocess.run(words, check=False).returncode

    def close(self) -> None:
        """End what still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)
        self.ears.close()


def test_their_start_reload_and_stop_do_what_systemd_waits_for(tmp_path: Path) -> None:
    home = tmp_path / "home"
    environment = os.environ | {"TRADEWIND_HOME": str(home)}
    subprocess.run([OURS, "db", "migrate"], env=environment, check=True, stdout=subprocess.DEVNULL)
    units = [Unit(path, environment) for path in UNITS]
    try:
        for unit in units:
            assert unit.service["Type"] == "notify"
            unit.until("READY=1")
        for unit in units:
            assert unit.reload() == 0
            unit.heard.clear()
            unit.ears.heard()
            unit.until("WATCHDOG=1")  # it lives on, and its loop moves
        for unit in units:
            unit.process.send_signal(signal.SIGTERM)
        for unit in units:
            unit.until("STOPPING=1")
            assert unit.process.wait(PATIENCE) == 0, unit.name
    finally:
        for unit in units:
            unit.close()
    assert {unit.name for unit in units} == {
        "tradewind-scheduler",
        "tradewind-dag-processor",
        "tradewind-worker",
        "tradewind-webserver",
    }


def test_the_environment_file_names_real_keys() -> None:
    lines = (ROOT / "scripts" / "systemd" / "tradewind.env").read_text().splitlines()
    given = [line.lstrip("#") for line in lines if "=" in line and not line.startswith("# ")]
    environ = dict(line.split("=", 1) for line in given)
    assert load(environ=environ).config.home == Path("/var/lib/tradewind")
