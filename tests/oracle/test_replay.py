"""The recordings of Apache Airflow, replayed: the same files on Tradewind, parsed, scheduled and run by its own daemons."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from oracle import generate, intended, outcomes, recordings, replaying, schedules, structure
from tradewind_perf.servers import Store

HERE = Path(__file__).parent
ENOUGH = 600


@pytest.mark.parametrize("name", [recordings.GENERATED, recordings.SCHEDULED, recordings.CASES])
def test_the_recordings_are_of_the_files_that_are_generated_today(name: str) -> None:
    for line in recordings.read(name)[1]:
        assert line["sha1"] == recordings.sha1(text_of(name, line)), f"{line}: record it anew: {recordings.COMMAND}"


def text_of(name: str, line: Mapping[str, Any]) -> str:
    """Return the text that a line was recorded of."""
    if name == recordings.CASES:
        return (HERE / "cases" / f"{line['case']}.py").read_text()
    return {recordings.GENERATED: generate.source, recordings.SCHEDULED: schedules.source}[name](line["number"])


@pytest.mark.long
@pytest.mark.timeout(600)
def test_generated_dags_are_read_scheduled_and_run_as_on_airflow(sqlite_url: str, tmp_path: Path) -> None:
    generated = recordings.read(recordings.GENERATED)[1]
    scheduled = recordings.read(recordings.SCHEDULED)[1]
    cases = recordings.read(recordings.CASES)[1]
    assert len(generated) >= ENOUGH
    run = generate.files([each["number"] for each in generated]) | {
        f"{each['case']}.py": text_of(recordings.CASES, each) for each in cases
    }
    read = run | schedules.files([each["number"] for each in scheduled])
    judgement = intended.Judgement(intended.rows())
    structures = structures_of(read, tmp_path)
    for line in (*generated, *scheduled, *cases):
        recorded = line["structure"]
        judgement.judge(structure.differences(recorded, structures[recorded["dag_id"]]), recorded)
    ids = [line["structure"]["dag_id"] for line in (*generated, *cases)]
    ends = replaying.ended(Store("sqlite", sqlite_url, None), run, ids)
    for line in (*generated, *cases):
        recorded = line["structure"]
        found = outcomes.differences(recorded["dag_id"], line["outcome"], ends[recorded["dag_id"]])
        judgement.judge(found, recorded)
    assert not judgement.unexplained, "\n".join(map(str, judgement.unexplained))
    assert not judgement.unused, f"no difference is like these rows of {intended.TABLE.name}: {judgement.unused}"


def structures_of(texts: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """Return the structures of the DAGs of files by id, as Tradewind stores them."""
    for name, text in texts.items():
        (folder / name).write_text(text)
    results = replaying.structures([folder / name for name in texts])
    assert [each for each in results if each["error"]] == []
    return {dag["dag_id"]: dag for each in results for dag in each["dags"]}
