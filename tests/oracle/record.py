"""Record anew what Apache Airflow makes of the generated DAGs, the cases, and the example DAGs of wheels; `nox -s oracle` runs it.

python tests/oracle/record.py --airflow PYTHON --wheels FOLDER [generated scheduled cases examples]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from oracle import examples, generate, recordings, schedules
from oracle.asking import HERE, Airflow, by_dag
from oracle.luck import by_luck

GENERATED = range(730)
"""Numbers of the generated DAGs; some are left out, as their outcome is a matter of luck."""
SCHEDULED = range(210)


def main(arguments: Sequence[str] | None = None) -> None:
    """Record what the arguments name, by default all."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--airflow", required=True, help="the interpreter of an Airflow environment with time-machine")
    parser.add_argument("--wheels", type=Path, help="a folder with the wheels whose examples are recorded")
    parser.add_argument("names", nargs="*", default=list(RECORDERS), help=f"of {', '.join(RECORDERS)}")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
        airflow = Airflow(options.airflow, Path(folder) / "homes")
        head = {"airflow": airflow.prepare(), "command": recordings.COMMAND, "now": recordings.NOW}
        for name in options.names:
            place = Path(folder) / name
            place.mkdir()
            RECORDERS[name](airflow, head, place, options.wheels)


def record_generated(airflow: Airflow, head: Mapping[str, Any], folder: Path, _wheels: Path | None) -> None:
    """Record structures and outcomes of the generated DAGs."""
    files = written(folder, generate.files(GENERATED))
    structures = dict(by_dag(airflow.ask("airflow_structure.py", files, recordings.NOW)))
    runs = dict(by_dag(airflow.ask("airflow_runs.py", files, recordings.LOGICAL_DATE)))
    lines, refused = [], {}
    for number in GENERATED:
        dag_id = f"generated_{number}"
        refusal = runs[dag_id].get("refusal") or by_luck(structures[dag_id], runs[dag_id]["outcome"])
        if refusal:
            refused[dag_id] = refusal
            continue
        found = {"number": number, "sha1": recordings.sha1(generate.source(number))}
        lines.append(found | {"structure": structures[dag_id], "outcome": runs[dag_id]["outcome"]})
    more = {"seed": generate.SEED, "logical_date": recordings.LOGICAL_DATE, "refused": refused}
    recordings.write(recordings.GENERATED, {**head, **more}, map(recordings.small, lines))


def record_scheduled(airflow: Airflow, head: Mapping[str, Any], folder: Path, _wheels: Path | None) -> None:
    """Record structures and next runs of the DAGs that are about schedules."""
    files = written(folder, schedules.files(SCHEDULED))
    structures = dict(by_dag(airflow.ask("airflow_structure.py", files, recordings.NOW)))
    lines = [
        {
            "number": number,
            "sha1": recordings.sha1(schedules.source(number)),
            "structure": structures[f"scheduled_{number}"],
        }
        for number in SCHEDULED
    ]
    recordings.write(recordings.SCHEDULED, {**head, "seed": schedules.SEED}, map(recordings.small, lines))


def record_cases(airflow: Airflow, head: Mapping[str, Any], _folder: Path, _wheels: Path | None) -> None:
    """Record structures and outcomes of the DAG files in `cases/`."""
    files = sorted((HERE / "cases").glob("*.py"))
    structures = airflow.ask("airflow_structure.py", files, recordings.NOW)
    runs = airflow.ask("airflow_runs.py", files, recordings.LOGICAL_DATE)
    lines = []
    for file, structure, run in zip(files, structures, runs, strict=True):
        [(_, dag)], [(_, ran)] = by_dag([structure]), by_dag([run])
        found = {"case": file.stem, "sha1": recordings.sha1(file.read_text())}
        lines.append(found | {"structure": dag, "outcome": ran["outcome"]})
    more = {"logical_date": recordings.LOGICAL_DATE}
    recordings.write(recordings.CASES, {**head, **more}, map(recordings.small, lines))


def record_examples(airflow: Airflow, head: Mapping[str, Any], folder: Path, wheels: Path | None) -> None:
    """Record structures of the example DAGs of wheels, and outcomes of those that need no outside service."""
    if wheels is None:
        raise SystemExit("The examples need --wheels, a folder with " + ", ".join(examples.WHEELS))
    lines: list[dict[str, Any]] = []
    for wheel in examples.WHEELS:
        lines += examples.recorded(airflow, wheel, examples.unpacked(wheels, wheel, folder))
    more = {"logical_date": recordings.LOGICAL_DATE, "wheels": list(examples.WHEELS)}
    recordings.write(recordings.EXAMPLES, {**head, **more}, map(recordings.small, lines))


def written(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write files and return their paths, in order."""
    for name, text in texts.items():
        (folder / name).write_text(text)
    return [folder / name for name in texts]


Recorder = Callable[[Airflow, Mapping[str, Any], Path, "Path | None"], None]
RECORDERS: dict[str, Recorder] = {
    recordings.GENERATED: record_generated,
    recordings.SCHEDULED: record_scheduled,
    recordings.CASES: record_cases,
    recordings.EXAMPLES: record_examples,
}

if __name__ == "__main__":
    main()
