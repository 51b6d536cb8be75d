"""The example DAGs of Apache Airflow's wheels: which wheels, which files, which of their DAGs are run. No text is kept."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from oracle import recordings
from oracle.asking import Airflow

WHEELS: Mapping[str, str] = {
    "apache-airflow==2.10.5": "apache_airflow-2.10.5-py3-none-any.whl",
    "apache-airflow==2.0.2": "apache_airflow-2.0.2-py3-none-any.whl",
    "apache-airflow==1.10.15": "apache_airflow-1.10.15-py2.py3-none-any.whl",
    "apache-airflow-core==3.0.6": "apache_airflow_core-3.0.6-py3-none-any.whl",
    "apache-airflow-core==3.1.0": "apache_airflow_core-3.1.0-py3-none-any.whl",
    "apache-airflow-providers-standard==1.21.0": "apache_airflow_providers_standard-1.21.0-py3-none-any.whl",
}
"""Requirements, and the file that pip downloads for each, without what they need."""

NEEDS_MORE = re.compile(
    r"^\s*(?:from|import)\s+(?:requests|httpx|kubernetes|docker|numpy|pandas|virtualenv|airflow\.contrib|airflow\.providers\.(?!standard))",
    re.MULTILINE,
)
"""An import that asks for more than Airflow itself: such a file is not run."""
RUN = frozenset(
    {
        "BashOperator",
        "BranchPythonOperator",
        "DummyOperator",
        "EmptyOperator",
        "PythonOperator",
        "PythonSensor",
        "ShortCircuitOperator",
        "_BashDecoratedOperator",
        "_BranchPythonDecoratedOperator",
        "_PythonDecoratedOperator",
        "_ShortCircuitDecoratedOperator",
        "DecoratedSensorOperator",
    }
)
"""Operators, by the names of their classes, that need no outside service. A DAG is run where all its tasks are of these."""
NOT_RUN: Mapping[str, str] = {
    "example_bash_decorator": "its commands read the machine's own files",
    "test_utils": "it sleeps for ever",
    "tutorial_taskflow_api_virtualenv": "it makes a virtual environment",
}
"""DAGs that are not run all the same, with the reason."""
PATIENCE = 100
"""Seconds for a file: some examples sleep, and each is run several times."""


def unpacked(wheels: Path, wheel: str, folder: Path) -> Path:
    """Unpack the example files of a wheel, and return the folder.

    Raises:
        FileNotFoundError: the wheel is not there.
    """
    target = folder / wheel.replace("==", "-")
    with zipfile.ZipFile(wheels / WHEELS[wheel]) as archive:
        for name in sorted(archive.namelist()):
            if "/example_dags/" in name and not name.endswith("/"):
                place = target / name
                place.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(name) as source, place.open("wb") as copy:
                    shutil.copyfileobj(source, copy)
    return target


def files(folder: Path) -> list[Path]:
    """Return the example files of an unpacked wheel, in order."""
    return sorted(each for each in folder.rglob("*.py") if each.name != "__init__.py")


def recorded(airflow: Airflow, wheel: str, folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a wheel: one a DAG, and one a file that Airflow cannot load."""
    paths = files(folder)
    structures = airflow.ask("airflow_structure.py", paths, recordings.NOW, patience=PATIENCE)
    chosen = [
        path
        for path, found in zip(paths, structures, strict=True)
        if found["dags"] and all(not_run(path, dag) is None for dag in found["dags"])
    ]
    runs = airflow.ask("airflow_runs.py", chosen, recordings.LOGICAL_DATE, patience=PATIENCE) if chosen else []
    ran = {(result["file"], dag["dag_id"]): dag for result in runs for dag in result["dags"]}
    return [
        {"wheel": wheel, "file": path.relative_to(folder).as_posix(), "sha1": recordings.sha1(path.read_text()), **line}
        for path, found in zip(paths, structures, strict=True)
        for line in _lines(path, found, ran)
    ]


def _lines(
    path: Path, found: Mapping[str, Any], ran: Mapping[tuple[str, str], Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    if found["error"]:
        yield {"error": reason(found["error"])}
    for dag in found["dags"]:
        why = not_run(path, dag)
        result = ran.get(
            (str(path), dag["dag_id"]),
            {"refusal": f"its file has another DAG that is not run, or did not end within {PATIENCE} s"},
        )
        if why is not None or "refusal" in result:
            yield {"structure": dag, "not_run": why or result["refusal"]}
        elif not result["outcome"]["tasks"]:
            yield {"structure": dag, "not_run": "its start date lies behind the logical date"}
        else:
            yield {"structure": dag, "outcome": result["outcome"]}


def not_run(path: Path, dag: Mapping[str, Any]) -> str | None:
    """Return why a DAG is not run, None for one that is."""
    if dag["dag_id"] in NOT_RUN:
        return NOT_RUN[dag["dag_id"]]
    if asked := NEEDS_MORE.search(path.read_text()):
        return f"it imports {asked.group().split()[-1]}"
    if strange := sorted({task["operator"] for task in dag["tasks"].values()} - RUN):
        return f"it has a {strange[0]}"
    return None


def reason(error: str) -> str:
    """Return the last line of an error, without what differs from one machine to the next."""
    line = error.strip().splitlines()[-1]
    return re.sub(r"/\S*/", "", line)[:200]
