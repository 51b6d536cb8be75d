"""The test bed: a real Airflow 1.10.15 under Python 3.6, and in `nox -s backports` 3.8 too, with the built wheels beside it.

The interpreter is `TRADEWIND_PYTHON36`, else `python3.6` on the PATH, else one of pyenv's. Without one the tests are
skipped, or fail where `CI_REQUIRE_BACKPORT=1`. The environment is kept between sessions (`testbed/environment.py`).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from distributions.backports import build_backport
from distributions.found import lowered_folders
from testbed.environment import GATE, checked, find_python, held_environment, install_wheels, missing
from tradewind_backport_builder.build import build_kit, build_runtime

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
VERSIONS = [GATE, "3.8"] if os.environ.get("TRADEWIND_TEST_BACKPORTS") == "all" else [GATE]


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


@pytest.fixture(scope="session", params=VERSIONS)
def python(request: pytest.FixtureRequest) -> tuple[str, str]:
    """An interpreter, and its version."""
    version: str = request.param
    found = find_python(version)
    if found is not None:
        return found, version
    if os.environ.get("CI_REQUIRE_BACKPORT") == "1":
        pytest.fail(missing(version))
    pytest.skip(missing(version))


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    out = tmp_path_factory.mktemp("wheels")
    providers = [build_backport(folder, out) for folder in lowered_folders()]
    return [build_runtime(REPOSITORY, out), build_kit(REPOSITORY, out), *providers]


@pytest.fixture(scope="session")
def venv(python: tuple[str, str], wheels: list[Path]) -> Iterator[Path]:
    """The environment, held alone: sessions share it one after another."""
    with held_environment(*python) as folder:
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
def report(bed: Bed, wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What one Python process on the test bed found: importing Airflow costs seconds, so all is asked at once."""
    path = tmp_path_factory.mktemp("report") / "report.json"
    files = [name for wheel in wheels for name in zipfile.ZipFile(wheel).namelist() if name.endswith("/__init__.py")]
    packages = sorted({name.partition("/")[0] for name in files})
    bed.run(
        "python", "-W", "error::PendingDeprecationWarning:tradewind", HERE / "on_airflow.py", path, ",".join(packages)
    )
    found: dict[str, object] = json.loads(path.read_text())
    return found
