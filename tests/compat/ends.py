"""Which public DAG files are run on both sides, and whether their runs end in the same states.

Run is what can harm nobody and needs nobody: a file that is read without stand-ins, of one module, all of whose tasks are of
operators that need no outside service (`oracle.examples.RUN`), and whose code has no word of `OUTSIDE`. Both sides run without a
network, where the system lets them.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from compat.corpus import Source
from compat.imports import Needs, needs_of
from compat.verdicts import READ, Verdict
from oracle import examples, recordings
from oracle.asking import Airflow

HERE: Final = Path(__file__).parent
ENDS: Final = HERE / "ends.json"
PATIENCE: Final = 60
OUTSIDE: Final = re.compile(
    r"requests|urllib|http\.|socket|boto|subprocess|shutil|pathlib|\bos\.|\bopen\(|\brm\b|curl|wget|\bgit\b|ssh|docker|dbt"
    r"|psycopg|sqlalchemy|[Ss]ession\b|Variable|Connection|Hook\b|while True|multiprocessing|threading"
    r"|stress|kill|\bfind\b|(?i:delete|truncate|drop)\b|sudo"
    r"|/(?:tmp|opt|usr|root|home|data|etc|var)\b|to_csv|read_csv|smtplib|send_email|inlet_events|triggering_"
)
"""Words by which a file reaches outside of its own process, or takes long."""

PLAIN: Final = frozenset({"dateutil", "pendulum", "pytz", "typing_extensions"})
"""Packages that reckon in their own process only."""

EQUAL = "equal"
LUCK = "left out"


def is_run(file: Path, needs: Needs, recorded: Mapping[str, Mapping[str, Any]]) -> bool:
    """Tell whether a file is run.

    Arguments:
        recorded: the structures of its DAGs that Airflow gave.
    """
    others = set(needs.others) - PLAIN
    if needs.local or others or needs.environment or not recorded or OUTSIDE.search(_code(file)):
        return False
    return all(examples.not_run(file, {**dag, "dag_id": name}) is None for name, dag in recorded.items())


def _code(file: Path) -> str:
    """Return a file's code without its comments and texts that stand alone."""
    tree = ast.parse(file.read_bytes())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            kept = [each for each in body if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))]
            node.body = kept or [ast.Pass()]  # type: ignore[attr-defined]
    return ast.unparse(tree)


def of_sources(
    there: Iterable[Source], results: Mapping[str, Mapping[str, Verdict]], folder: Path, airflow_2: Path
) -> dict[str, dict[str, str]]:
    """Return the verdicts on the files that are run, by source and path.

    Arguments:
        results: of the reading; `airflow-2.jsonl` in the folder is what Airflow made of the files.
    """
    read = map(json.loads, (folder / "airflow-2.jsonl").read_text().splitlines())
    recorded = {each["file"]: each["dags"] for each in read}
    chosen: dict[str, tuple[str, str]] = {}
    for source in there:
        top = source.top(folder / "files")
        for path in source.files:
            file, verdict = top / path, results[source.name][path]
            is_compared = verdict.verdict == READ and verdict.structure and str(file) in recorded
            if is_compared and is_run(file, needs_of(file, top), recorded[str(file)]):
                chosen[str(file)] = (source.name, path)
    found: dict[str, dict[str, str]] = {}
    for file, said in verdicts(chosen, folder, airflow_2).items():
        name, path = chosen[file]
        found.setdefault(name, {})[path] = said
    return found


def verdicts(files: Iterable[str], folder: Path, airflow_2: Path) -> dict[str, str]:
    """Return for each file that is run `equal`, the first difference, or that it was left out, with why."""
    asked = sorted(files)
    there = _on_airflow(asked, folder, airflow_2)
    here = _on_tradewind(asked, folder)
    return {file: _verdict(there[file], here[file]) for file in asked}


def _on_airflow(files: list[str], folder: Path, airflow_2: Path) -> dict[str, dict[str, Any]]:
    homes = folder / "ends-homes"
    shutil.rmtree(homes, ignore_errors=True)
    airflow = Airflow(str(_without_network(airflow_2, folder)), homes)
    airflow.prepare()
    found = airflow.ask("airflow_runs.py", [Path(each) for each in files], recordings.LOGICAL_DATE, patience=PATIENCE)
    (folder / "ends-airflow.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in found))
    return {each["file"]: each for each in found}


def _without_network(python: Path, folder: Path) -> Path:
    """Return a command that runs an interpreter without a network, or the interpreter where the system does not let us."""
    if subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode:
        return python
    command = folder / f"without-network-{python.parent.parent.name}"
    command.write_text(f'#!/bin/sh\nexec unshare -n {python} "$@"\n')
    command.chmod(0o755)
    return command


def _on_tradewind(files: list[str], folder: Path) -> dict[str, dict[str, Any]]:
    wanted, said = folder / "ends.asked.json", folder / "ends.jsonl"
    asked = [{"file": each, "roots": [str(Path(each).parent)], "stood_in": [], "environment": []} for each in files]
    wanted.write_text(json.dumps(asked))
    paths = {"PYTHONPATH": os.pathsep.join((str(HERE.parent), str(HERE.parent / "oracle")))}
    with said.open("w") as out:
        command = [
            _without_network(Path(sys.executable), folder),
            "-W",
            "ignore",
            HERE / "on_tradewind_ends.py",
            wanted,
        ]
        subprocess.run(command, stdout=out, env=os.environ | paths, check=True)
    return {each["file"]: each for each in map(json.loads, said.read_text().splitlines())}


def _verdict(there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    if there["error"]:
        return f"{LUCK}: Airflow does not run it: {there['error'].strip().splitlines()[-1][:200]}"
    ran = {dag["dag_id"]: dag["outcome"] for dag in there["dags"] if "outcome" in dag and dag["outcome"]["tasks"]}
    if not ran:
        refusals = [dag.get("refusal", "its start date lies behind the logical date") for dag in there["dags"]]
        return f"{LUCK}: {refusals[0] if refusals else 'it has no DAG'}"
    if here["error"]:
        return f"not run here: {here['error']}"
    return next(
        (said for dag_id, outcome in ran.items() if (said := _difference(dag_id, outcome, here["dags"][dag_id]))), EQUAL
    )


def _difference(dag_id: str, there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    tasks = {name: state for name, (state, _tries) in there["tasks"].items() if state != "removed"}
    for name in sorted({*tasks, *here["tasks"]}):
        one, other = tasks.get(name, "no instance"), here["tasks"].get(name, "no instance")
        if one != other:
            return f"{dag_id}: task {name}: {one} there, {other} here"
    return "" if there["state"] == here["state"] else f"{dag_id}: the run: {there['state']} there, {here['state']} here"


def as_text(results: Mapping[str, Mapping[str, str]]) -> str:
    """Return verdicts by source and path as the text of `ends.json`: a line a file."""
    rows = [[source, path, said] for source, of in results.items() for path, said in of.items()]
    return "[\n" + ",\n".join(json.dumps(each, separators=(",", ":")) for each in rows) + "\n]\n"


def committed() -> list[tuple[str, str, str]]:
    """Return the committed verdicts: source, path, verdict."""
    return [(source, path, said) for source, path, said in json.loads(ENDS.read_text())]
