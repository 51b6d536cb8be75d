"""Every provider that can be lowered passes its own suites on a real Airflow 1.10.15 under Python 3.6, beside its real service."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from distributions.found import lowered_folders, settings_of
from services.started import SERVICES, variable_of
from tradewind_backport_builder.build import lower_suites

REPOSITORY = Path(__file__).parents[2]
WITH_SUITES = [
    folder for folder in lowered_folders() if list((REPOSITORY / folder / "tests").glob("test_contract*.py"))
]
# One provider proves that the kit runs there; `nox -s backports` runs all
CHOSEN = WITH_SUITES if os.environ.get("TRADEWIND_TEST_BACKPORTS") == "all" else ["providers/sqlite"]


@pytest.fixture(scope="module")
def started() -> Iterator[contextlib.ExitStack]:
    """Ends the services at the end."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture(scope="module")
def running(started: contextlib.ExitStack) -> dict[str, str]:
    """The URLs of services that run already, by the variable that tells them."""
    return {variable_of(name): os.environ[variable_of(name)] for name in SERVICES if variable_of(name) in os.environ}


def without_connections(environment: dict[str, str]) -> dict[str, str]:
    """Return an environment whose connections hide none that a suite makes."""
    return {name: value for name, value in environment.items() if not name.startswith("AIRFLOW_CONN_")}


@pytest.mark.parametrize("folder", CHOSEN, ids=lambda folder: Path(folder).name)
def test_its_suites_pass_on_airflow_1_10(bed, started, running, folder, tmp_path):
    for name in settings_of(REPOSITORY / folder).get("services", []):
        if variable_of(name) not in running:
            running[variable_of(name)] = started.enter_context(SERVICES[name]())
    lower_suites(REPOSITORY / folder, tmp_path / "suites")
    report = tmp_path / "report.xml"
    options = [
        "-q",
        "-p",
        "no:cacheprovider",
        "--tradewind-host",
        "airflow",
        f"--junitxml={report}",
        str(tmp_path / "suites"),
    ]
    done = subprocess.run(
        [str(bed.venv / "bin" / "python"), "-m", "pytest", *options],
        env={**without_connections(bed.environment()), **running},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    sys.stdout.write(done.stdout[-20_000:])
    assert done.returncode == 0
    suite = ElementTree.parse(report).getroot()[0]  # noqa: S314 - our own pytest wrote it
    assert int(suite.attrib["tests"]) > int(suite.attrib["skipped"])
