"""The versions of Apache Airflow that are measured, each installed in an environment of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Peer:
    """One version of Apache Airflow.

    Arguments:
        version: of the distribution.
        packages: what is installed.
        newest: the day after which nothing is installed that it depends on: what its users had on the day of its release.
        daemons: what runs, by its command.
        health: path of its web server that answers when it is healthy.
        port: of its web server.
    """

    version: str
    packages: tuple[str, ...]
    newest: str
    daemons: tuple[str, ...]
    health: str
    port: int

    @property
    def major(self) -> str:
        """`2` or `3`."""
        return self.version.partition(".")[0]

    @property
    def name(self) -> str:
        """How it is called in tables."""
        return "Airflow " + ".".join(self.version.split(".")[:2])

    def airflow(self, work: Path) -> Path:
        """Return its command."""
        return self._environment(work) / "bin" / "airflow"

    def install(self, work: Path) -> None:
        """Install it, if that has not been done.

        Raises:
            RuntimeError: there is no uv, which alone can install what was there on a day.
        """
        environment = self._environment(work)
        done = environment / f"tradewind-perf-{self.version}"
        if done.exists():
            return
        uv = shutil.which("uv")
        if uv is None:
            raise RuntimeError("The comparison installs Apache Airflow with uv, which is not on PATH: pip install uv.")
        subprocess.run([uv, "venv", "-q", "--clear", "-p", sys.executable, str(environment)], check=True)
        words = [uv, "pip", "install", "-q", "-p", str(environment), "--exclude-newer", self.newest, *self.packages]
        subprocess.run(words, check=True)
        done.touch()

    def _environment(self, work: Path) -> Path:
        return work / f"airflow-{self.version}"


PEERS = (
    Peer(
        "3.3.2",
        (
            "apache-airflow==3.3.2",
            "apache-airflow-providers-postgres",
            "apache-airflow-providers-standard",
            "psycopg2-binary",
        ),
        "2026-09-19",
        ("scheduler", "dag-processor", "api-server"),
        "/api/v2/monitor/health",
        18083,
    ),
    Peer(
        "2.11.2",
        ("apache-airflow[postgres]==2.11.2", "psycopg2-binary", "SQLAlchemy<2"),
        "2026-03-16",
        ("scheduler", "webserver"),
        "/health",
        18082,
    ),
)
