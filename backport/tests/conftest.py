"""The test bed: a real Airflow 1.10.15 under Python 3.6 with the built wheels installed beside it.

The interpreter is `TRADEWIND_PYTHON36`, else `python3.6` on the PATH, else one of pyenv's. Without one the tests are
skipped, or fail where `CI_REQUIRE_BACKPORT=1`. The environment is kept between sessions, under
`TRADEWIND_BACKPORT_CACHE`
or `~/.cache/tradewind/backport`, in a folder named after the pins and the interpreter.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tradewind_backport_builder.build import build_provider, build_runtime

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
PINS = HERE.parent / "testbed" / "airflow-1.10.15-py36.txt"
BUILD_CONSTRAINTS = HERE.parent / "testbed" / "build-constraints.txt"
MISSING = "no Python 3.6 was found (TRADEWIND_PYTHON36, python3.6, pyenv): the backports did not run on Airflow 1.10"


@dataclass(frozen=True)
class Bed:
    """The environment with Airflow and our wheels, and an Airflow home of its own.

    Args:
        venv: the virtual environment.
        home: AIRFLOW_HOME, with a migrated database; DAG files are in its folder `dags`.
        database: the SQLite file that the connection `sqlite_default` names.
    """

    venv: Path
    home: Path
    database: Path

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment and return what it printed; it must succeed."""
        name, *arguments = map(str, command)
        return checked([str(self.venv / "bin" / name), *arguments], env=self.environment())

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON"))}
        return {
            **kept,
            "PATH": f"{self.venv / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
            "AIRFLOW_CONN_SQLITE_DEFAULT": "sqlite://" + str(self.database).replace("/", "%2F"),
            "AIRFLOW_VAR_GREETING": "hello",
        }


def checked(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, f"{' '.join(command)} exited with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done  # type: ignore[no-any-return]


def is_python36(candidate: str) -> bool:
    """Ask the program itself: a shim of pyenv may stand on the PATH for a version that is not there."""
    try:
        done = subprocess.run(
            [candidate, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, text=True, check=False
        )
    except OSError:
        return False
    return done.stdout.strip() == "(3, 6)"


@pytest.fixture(scope="session")
def python36() -> str:
    pyenv = sorted(Path.home().glob(".pyenv/versions/3.6*/bin/python"))
    candidates = [os.environ.get("TRADEWIND_PYTHON36"), shutil.which("python3.6"), *map(str, pyenv)]
    found = next((each for each in candidates if each and is_python36(each)), None)
    if found is not None:
        return found
    if os.environ.get("CI_REQUIRE_BACKPORT") == "1":
        pytest.fail(MISSING)
    pytest.skip(MISSING)


def make_environment(venv: Path, python: str) -> None:
    """Install the pinned Airflow; with uv where it is there, as that takes a quarter of pip's time."""
    shutil.rmtree(venv, ignore_errors=True)
    if shutil.which("uv"):
        checked(["uv", "venv", "--python", python, str(venv)])
        checked(
            [
                "uv",
                "pip",
                "install",
                "--python",
                str(venv),
                "--build-constraints",
                str(BUILD_CONSTRAINTS),
                "-r",
                str(PINS),
            ]
        )
        return
    checked([python, "-m", "venv", str(venv)])
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    checked([*pip, "--upgrade", "pip==21.3.1"])  # the bundled one compiles what has wheels
    checked([*pip, "setuptools<58", "wheel<0.38"])
    checked([*pip, "-r", str(PINS)], env={**os.environ, "PIP_CONSTRAINT": str(BUILD_CONSTRAINTS)})


def install_wheels(venv: Path, wheels: list[Path]) -> None:
    """Install into the same site-packages as Airflow, as a user would."""
    names = [str(wheel) for wheel in wheels]
    if shutil.which("uv"):
        checked(["uv", "pip", "install", "--python", str(venv), "--no-deps", "--reinstall", *names])
    else:
        pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        checked([*pip, "--no-deps", "--force-reinstall", *names])


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    out = tmp_path_factory.mktemp("wheels")
    return [build_runtime(REPOSITORY, out), build_provider(REPOSITORY / "providers" / "sqlite", out)]


@pytest.fixture(scope="session")
def venv(python36: str, wheels: list[Path]) -> Iterator[Path]:
    """The environment, held alone: sessions share it one after another."""
    cache = Path(os.environ.get("TRADEWIND_BACKPORT_CACHE") or Path.home() / ".cache" / "tradewind" / "backport")
    key = hashlib.sha256(PINS.read_bytes() + BUILD_CONSTRAINTS.read_bytes() + python36.encode()).hexdigest()[:16]
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{key}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = cache / key
        if not (folder / "complete").exists():
            make_environment(folder, python36)
            (folder / "complete").touch()
        install_wheels(folder, wheels)
        yield folder


@pytest.fixture(scope="session")
def bed(venv: Path, tmp_path_factory: pytest.TempPathFactory) -> Bed:
    home = tmp_path_factory.mktemp("airflow")
    bed = Bed(venv, home, home / "shop.db")
    dags = home / "dags"
    dags.mkdir()
    for file in [*(REPOSITORY / "providers" / "sqlite" / "examples").glob("*.py"), *(HERE / "dags").glob("*.py")]:
        shutil.copy(file, dags)
    bed.run("airflow", "initdb")
    return bed


@pytest.fixture(scope="session")
def report(bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What one Python process on the test bed found: importing Airflow costs seconds, so all is asked at once."""
    path = tmp_path_factory.mktemp("report") / "report.json"
    bed.run("python", "-W", "error::PendingDeprecationWarning:tradewind", HERE / "on_airflow.py", path)
    found: dict[str, object] = json.loads(path.read_text())
    return found
