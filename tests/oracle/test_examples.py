"""The example DAGs of Apache Airflow's wheels, as Airflow reads and runs them. `nox -s oracle` downloads the wheels: 32 MB."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from oracle import examples, intended, outcomes, recordings, replaying, structure
from tradewind_perf.servers import SQLITE, Servers

WHEELS = os.environ.get("TRADEWIND_TEST_WHEELS")


@pytest.mark.skipif(WHEELS is None, reason="TRADEWIND_TEST_WHEELS names no folder with wheels; nox -s oracle has one")
@pytest.mark.timeout(900)
def test_the_examples_of_wheels_are_read_and_run_as_on_airflow(tmp_path: Path, servers: Servers) -> None:
    files = unpacked(tmp_path)
    lines = [each for each in recordings.read(recordings.EXAMPLES)[1] if "structure" in each]
    assert lines
    results = {
        each["file"]: each for each in replaying.structures([*dict.fromkeys(files[key(each)] for each in lines)])
    }
    judgement = intended.Judgement(intended.rows())
    errors: dict[str, str] = {}
    loaded = []
    for line in lines:
        path = files[key(line)]
        result = results[str(path)]
        assert line["sha1"] == recordings.sha1(path.read_text())
        if result["error"]:
            errors[f"{line['wheel']} {line['file']}"] = result["error"].strip().splitlines()[-1]
            continue
        ours = {dag["dag_id"]: dag for dag in result["dags"]}
        judgement.judge(structure.differences(line["structure"], ours[line["structure"]["dag_id"]]), line["structure"])
        loaded.append((path, line))
    for wheel in examples.WHEELS:
        ran = [(path, line) for path, line in loaded if line["wheel"] == wheel and "outcome" in line]
        texts = {path.name: path.read_text() for path, _ in ran}
        ids = [line["structure"]["dag_id"] for _, line in ran]
        ends = replaying.ended(servers.store(SQLITE), texts, ids) if ran else {}
        for dag_id, (_, line) in zip(ids, ran, strict=True):
            judgement.judge(outcomes.differences(dag_id, line["outcome"], ends[dag_id]), line["structure"])
    print(f"{len(lines)} DAGs, {len(loaded)} loaded, {sum('outcome' in line for _, line in loaded)} run")
    assert not judgement.unexplained, "\n".join(map(str, judgement.unexplained))
    assert unexplained(errors) == {}


@pytest.fixture
def servers() -> Iterator[Servers]:
    """Give fresh databases, one a wheel: DAG ids come again in the next."""
    made = Servers()
    yield made
    made.close()


def unpacked(folder: Path) -> dict[tuple[str, str], Path]:
    """Unpack the wheels' examples and return the paths, by wheel and name in it."""
    found = {}
    for wheel in examples.WHEELS:
        place = examples.unpacked(Path(WHEELS or ""), wheel, folder)
        found |= {(wheel, path.relative_to(place).as_posix()): path for path in examples.files(place)}
    return found


def key(line: Mapping[str, Any]) -> tuple[str, str]:
    """Return by what a line's file is found."""
    return line["wheel"], line["file"]


def unexplained(errors: Mapping[str, str]) -> dict[str, str]:
    """Return the errors that the table has no reason for, and the reasons that explain no error."""
    used: Counter[str] = Counter()
    left = {}
    for name, error in errors.items():
        row = next((each for each in intended.missing() if re.search(each.pattern, error)), None)
        if row is None:
            left[name] = error
        else:
            used[row.pattern] += 1
    return left | {row.pattern: "no file is like this" for row in intended.missing() if row.pattern not in used}
