"""Read all public DAG files and write `docs/airflow-compatibility.md`: `nox -s compat`.

    python tests/compat/run.py --folder FOLDER [--snapshots FOLDER] --airflow-2 PYTHON --airflow-3 PYTHON

Downloads, laid-out files and what was read stay in the folder; `results.json` and `ends.json` (one verdict a file) and the
pages are committed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from compat import ends, page
from compat.corpus import Source, lay_out, sources
from compat.imports import Needs, dag_folder, needs_of
from compat.verdicts import Found, Verdict, causes, excluded, verdict

HERE: Final = Path(__file__).parent


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where downloads, files and readings are kept")
    parser.add_argument("--snapshots", type=Path, help="a folder of Git snapshots: <owner>+<name>/repo")
    parser.add_argument("--airflow-2", type=Path, required=True, help="the interpreter of an Apache Airflow 2.11")
    parser.add_argument("--airflow-3", type=Path, required=True, help="the interpreter of an Apache Airflow 3.1")
    options = parser.parse_args()
    folder: Path = options.folder.absolute()
    packages = folder / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    there, missing = [], 0
    for source in sources():
        why = lay_out(source, folder / "files", packages, options.snapshots)
        if why:
            missing += 1
            print(f"left out: {source.name}: {why}", file=sys.stderr)
        else:
            there.append(source)
    results = verdicts_of(there, folder, options.airflow_2, options.airflow_3)
    if missing:
        print(page.page(results))
        print(f"{missing} sources were left out, so the committed results stay as they are", file=sys.stderr)
        return
    page.RESULTS.write_text(page.as_text(results))
    ends.ENDS.write_text(ends.as_text(ends.of_sources(there, results, folder, options.airflow_2)))
    page.write(results)


def verdicts_of(
    there: Iterable[Source], folder: Path, airflow_2: Path, airflow_3: Path
) -> dict[str, dict[str, Verdict]]:
    """Return the verdicts by source and path."""
    tops = {
        str(source.top(folder / "files") / path): source.top(folder / "files")
        for source in there
        for path in source.files
    }
    needs = {file: needs_of(Path(file), top) for file, top in tops.items()}
    counting = {file: each for file, each in needs.items() if excluded(each) is None}
    found = _read(counting, tops, folder, airflow_2, airflow_3)
    table = causes()
    judged = {file: excluded(each) or verdict(found[file], table) for file, each in needs.items()}
    return {
        source.name: {path: judged[str(source.top(folder / "files") / path)] for path in source.files}
        for source in there
    }


def _read(
    needs: Mapping[str, Needs], top_of: Mapping[str, Path], folder: Path, airflow_2: Path, airflow_3: Path
) -> dict[str, Found]:
    asked = {file: _asked(file, each, top_of[file]) for file, each in needs.items()}
    here = Path(sys.executable)
    ours = _reading("on_tradewind.py", here, list(asked.values()), folder / "ours")
    unread = [file for file in asked if ours[file]["error"]]
    further = _reading("on_tradewind.py", here, [asked[file] for file in unread], folder / "further", "--go-on")
    stopped = [file for file in unread if further[file]["error"] or not further[file]["items"]]
    # Each version judges its own files: what the other says of them is that they are too new
    old = [asked[file] for file, each in needs.items() if not each.is_for_airflow_3 and file not in further] + [
        asked[file] for file in stopped if not needs[file].is_for_airflow_3
    ]
    new = [asked[file] for file in stopped if needs[file].is_for_airflow_3]
    there = _on_airflow("on_airflow.py", airflow_2, old, folder / "airflow-2")
    there |= _on_airflow("on_airflow_3.py", airflow_3, new, folder / "airflow-3")
    return {file: Found(each, ours[file], further.get(file), there.get(file)) for file, each in needs.items()}


def _on_airflow(script: str, python: Path, asked: list[dict[str, Any]], at: Path) -> dict[str, dict[str, Any]]:
    home = {"AIRFLOW_HOME": str(at), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    migrate = [python, "-m", "airflow", "db", "migrate"]
    subprocess.run(migrate, env=os.environ | home, stdout=subprocess.DEVNULL, check=True)
    return _reading(script, python, asked, at, **home)


def _asked(file: str, needs: Needs, top: Path) -> dict[str, Any]:
    roots = dict.fromkeys((dag_folder(Path(file), top), *needs.roots))
    return {
        "file": file,
        "roots": [str(root) for root in roots],
        "stood_in": list(needs.others),
        "environment": list(needs.environment),
    }


def _reading(
    script: str, python: Path, asked: list[dict[str, Any]], at: Path, *options: str, **variables: str
) -> dict[str, dict[str, Any]]:
    print(f"reading {len(asked)} files: {script} {' '.join(options)}", file=sys.stderr)
    wanted, said = at.with_suffix(".asked.json"), at.with_suffix(".jsonl")
    if not asked:
        return {}
    wanted.write_text(json.dumps(asked))
    paths = {"PYTHONPATH": os.pathsep.join((str(HERE.parent), str(HERE.parent / "oracle")))}
    environment = os.environ | variables | paths
    with said.open("w") as out:
        command = [python, "-W", "ignore", HERE / script, *options, wanted]
        subprocess.run(command, stdout=out, env=environment, check=True)
    # Airflow 3 logs on the standard output while it is imported
    lines = [line for line in said.read_text().splitlines() if line.startswith('{"file": ')]
    return {each["file"]: each for each in map(json.loads, lines)}


if __name__ == "__main__":
    main()
