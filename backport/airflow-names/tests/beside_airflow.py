"""Install a real Apache Airflow and Tradewind with its names into one environment, in both orders, remove either, and look.

    python beside_airflow.py WHEELS FOLDER [2.11] [3.1]

`WHEELS` has the wheels of Tradewind, `FOLDER` becomes the place of the environments. Airflow 3.1 and Tradewind agree on what
both need, so the installer sees to it; Airflow 2.11 wants SQLAlchemy 1.4 and Tradewind 2, so there ours comes without what it
needs: enough to see that each leaves the other's files alone, and not enough to run.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

REALS = {"2.11": ("apache-airflow==2.11.*",), "3.1": ("apache-airflow==3.1.*",)}
OURS = ("tradewind", "tradewind-plugins-api", "tradewind-airflow-names")
DAG_FILE = """
import os
import airflow
from airflow.sdk import DAG

with open(os.environ["TRADEWIND_HOME"] + "/seen", "w") as seen:
    seen.write(f"{airflow.__version__} {DAG.__module__}")
"""


class Environment:
    """A virtual environment with a home for each of both."""

    def __init__(self, folder: Path, wheels: Path, real: str) -> None:
        self.folder, self.home = folder, folder / "home"
        self._wheels, self._real = wheels, real
        self._python = str(folder / "bin" / "python")
        subprocess.run(["uv", "venv", "-q", "--clear", str(folder)], check=True)
        self._environ = os.environ | {
            "AIRFLOW_HOME": str(folder / "airflow-home"),
            "TRADEWIND_HOME": str(self.home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        }
        (self.home / "dags").mkdir(parents=True)
        (self.home / "dags" / "asks.py").write_text(DAG_FILE)

    def add_real(self) -> None:
        """Install Airflow."""
        self._pip("install", *REALS[self._real])

    def add_ours(self) -> None:
        """Install Tradewind, with what it needs where Airflow allows that."""
        alone = ["--no-deps"] if self._real == "2.11" else []
        self._pip("install", *alone, *sorted(map(str, self._wheels.glob("tradewind*.whl"))))

    def remove(self, *prefixes: str) -> None:
        """Uninstall all distributions whose names begin so."""
        self._pip("uninstall", *(each for each in self._names() if each.startswith(prefixes)))

    def damage(self, *prefixes: str) -> list[str]:
        """Return the files that distributions have listed and that are gone or changed."""
        found = []
        for record in self._site().glob("*.dist-info/RECORD"):
            if record.parent.name.replace("_", "-").startswith(prefixes):
                rows = csv.reader(record.read_text().splitlines())
                found += [path for path, digest, _ in rows if not _is_whole(self._site() / path, digest)]
        return found

    def run(self, *words: str) -> str:
        """Return what a command of the environment prints, its complaints included; one that fails ends everything."""
        done = subprocess.run(
            [str(self.folder / "bin" / words[0]), *words[1:]],
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def _site(self) -> Path:
        return next(self.folder.glob("lib/python*/site-packages"))

    def _names(self) -> list[str]:
        return [each.name.partition("-")[0].replace("_", "-") for each in self._site().glob("*.dist-info")]

    def _pip(self, *words: str) -> None:
        subprocess.run(["uv", "pip", words[0], "-q", "-p", self._python, *words[1:]], check=True)


def _is_whole(path: Path, digest: str) -> bool:
    if not path.exists():
        return False
    if not digest:  # RECORD itself, and what was compiled
        return True
    kind, _, wanted = digest.partition("=")
    found = base64.urlsafe_b64encode(hashlib.new(kind, path.read_bytes()).digest()).rstrip(b"=").decode()
    return found == wanted


def look(environment: Environment, real: str) -> None:
    """See that with both installed each is itself."""
    assert not environment.damage("apache-airflow", "tradewind"), environment.damage("apache-airflow", "tradewind")
    assert any(word.startswith(real) for word in environment.run("airflow", "version").split())
    assert environment.run("tradewind", "version").split()[-1][0].isdigit()
    told = environment.run("python", "-W", "ignore", "-c", "import airflow; print(airflow.__file__)")
    assert any(word.endswith("site-packages/airflow/__init__.py") for word in told.split()), told
    told = environment.run(
        "python", "-c", "import tradewind_airflow_names.finder as f; print(f.real_airflow(), f.install())"
    )
    assert told.split().count("apache-airflow") == 2, told
    if real != "2.11":
        told = environment.run("tradewind", "dags", "check", str(environment.home / "dags"))
        assert "is installed in this environment" in told, told
        seen = (environment.home / "seen").read_text()
        assert seen.startswith(real), (seen, told)
        assert seen.endswith(" airflow.sdk.definitions.dag"), (seen, told)


def alone(environment: Environment, real: str, gone: str) -> None:
    """See that what is left is whole and works once the other is gone."""
    if gone == "ours":
        environment.remove("tradewind")
        assert not environment.damage("apache-airflow")
        assert any(word.startswith(real) for word in environment.run("airflow", "version").split())
        environment.add_ours()
        return
    environment.remove("apache-airflow")
    assert not environment.damage("tradewind")
    assert environment.run("tradewind", "version").split()[-1][0].isdigit()
    if real != "2.11":
        told = environment.run(
            "python",
            "-c",
            "import tradewind_airflow_names as n; print(n.install()); from airflow import DAG; print(DAG)",
        )
        assert told.split("\n")[:2] == ["None", "<class 'tradewind.authoring.dag.DAG'>"], told


def main(wheels: Path, folder: Path, releases: list[str]) -> None:
    """Go through releases of Airflow, in both orders."""
    shutil.rmtree(folder, ignore_errors=True)
    for real in releases:
        for first in ("airflow", "tradewind"):
            environment = Environment(folder / f"{real}-{first}", wheels, real)
            for add in (environment.add_real, environment.add_ours)[:: 1 if first == "airflow" else -1]:
                add()
            look(environment, real)
            for gone in ("ours", "theirs"):
                alone(environment, real, gone)
            print(f"Airflow {real}, {first} installed first: side by side, and either alone after the other is removed")
            shutil.rmtree(environment.folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute(), sys.argv[3:] or list(REALS))
