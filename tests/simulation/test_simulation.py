"""The simulation in CI: seeds that must hold, mutants that must be found, replay and shrinking that must work."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from simulation import report
from simulation.drawing import generate
from simulation.jobs import Stages, Tally, databases
from simulation.mutants import KILLED_BY, MUTANTS, mutated
from simulation.play import Stage, shrink
from simulation.run import main

pytestmark = pytest.mark.long_module

PATIENCE = timedelta(minutes=10)
"""Worlds of these seeds are at rest by then, and those of mutants that never are need not go on for an hour."""
RUN = Path(__file__).parent / "run.py"
SEEDS = (0, 1, 3, 9, 19, 23)
"""The seeds that the tests play on each database, twice: short ones, two with features. The nox session `simulation` plays
some hundred."""


@pytest.fixture(scope="module")
def stages() -> Iterator[Stages]:
    """A SQLite file, and a database on a PostgreSQL of our own: its sessions are stopped and let go on by signals."""
    with databases("mixed", 1) as urls:
        stages = Stages(urls[0], PATIENCE)
        yield stages
        stages.close()


@pytest.fixture(scope="module")
def lite(stages: Stages) -> Stage:
    """The stage on SQLite."""
    return stages.get("sqlite")


@pytest.mark.mariadb
def test_seeds_hold_on_mariadb_too(mariadb_empty_url: str) -> None:
    stages = Stages({"mariadb": mariadb_empty_url})
    try:
        tally = stages.play(range(3), "mariadb", None)
        assert not tally.failures, f"seed {tally.failures[0][1].scenario.seed}: {tally.failures[0][1].text}"
    finally:
        stages.close()


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_a_seed_gives_the_same_statements_byte_for_byte(stages: Stages, kind: str) -> None:
    stage = stages.get(kind)
    first = {seed: stage.play(generate(seed), keep_log=True) for seed in SEEDS}
    assert {seed: played.failure for seed, played in first.items()} == dict.fromkeys(SEEDS)
    for seed in reversed(SEEDS):
        again = stage.play(generate(seed), keep_log=True)
        assert again.lines == first[seed].lines, f"seed {seed}"
        assert again.digest == first[seed].digest
    if kind == "postgresql":
        waits = [line for played in first.values() for line in played.lines if line.endswith("\twaits")]
        assert waits, "no seed made anybody wait for a lock, so that nothing is known of waits"


@pytest.mark.postgres
def test_another_process_repeats_it_whatever_the_order_of_its_sets(stages: Stages) -> None:
    seed = next(seed for seed in SEEDS if stages.get("postgresql").play(generate(seed)).fired["lock wait"] > 2)
    here = stages.get("postgresql").play(generate(seed)).digest
    command = [sys.executable, str(RUN), "--database", "postgresql", "--seed", str(seed)]
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONHASHSEED": hash_seed}
        )
        assert re.search(r"log (\w+)", done.stdout)[1] == here  # type: ignore[index]


@pytest.mark.parametrize("name", sorted(KILLED_BY))
def test_mutants_are_found(stages: Stages, name: str) -> None:
    kind, seed = KILLED_BY[name]
    stage = stages.get(kind)
    with mutated(name, stage.database):
        failure = stage.play(generate(seed)).failure
    assert failure is not None
    assert failure.error in {"", "IntegrityError"}, "the mutant stumbles itself: " + failure.text


@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_mutants_find_what_they_break(lite: Stage, name: str) -> None:
    with mutated(name, lite.database):
        pass


def test_a_mutant_whose_place_is_gone_fails_loudly(lite: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("tradewind.transitions.ends.is_current")
    with pytest.raises(AttributeError, match="is_current"), mutated("no-token-check", lite.database):
        pass


def test_a_failing_seed_replays_exactly(lite: Stage) -> None:
    with mutated("repeated-outcome-counts-twice", lite.database):
        scenario = generate(KILLED_BY["repeated-outcome-counts-twice"][1])
        first, again = (lite.play(scenario).failure for _ in range(2))
    assert first is not None
    assert first == again


def test_a_failing_seed_shrinks(lite: Stage) -> None:
    with mutated("close-without-progress", lite.database):
        failure = lite.play(generate(KILLED_BY["close-without-progress"][1])).failure
        assert failure is not None
        smallest = shrink(failure, lite)
    tasks = [task for dag in smallest.scenario.dags for task in dag.tasks]
    assert len(tasks) <= 3
    assert smallest.scenario.schedulers == 1


def test_a_scenario_without_faults_is_quiet(lite: Stage) -> None:
    played = lite.play(replace(generate(3), faults=frozenset(), outages=()))
    assert played.failure is None
    assert not {fault for fault in played.fired if not fault.startswith("check:")}


def test_the_command_prints_the_seed_and_how_to_play_it_again(capsys: pytest.CaptureFixture[str]) -> None:
    kind, seed = KILLED_BY["close-without-progress"]
    options = ["--database", kind, "--mutant", "close-without-progress", "--seed", str(seed), "--no-shrink"]
    assert main(options) == 1
    shown = capsys.readouterr().out
    assert f"seed {seed} fails on {kind}" in shown
    assert f"--mutant close-without-progress --database {kind} --seed {seed} --trace" in shown


def test_the_command_says_that_all_hold_and_what_struck(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "2", "--database", "sqlite", "--jobs", "1", "--json", str(tmp_path / "r.json")]) == 0
    shown = capsys.readouterr().out
    assert "all 2 seeds hold" in shown
    assert "how often each fault struck" in shown
    assert '"seeds_per_second"' in (tmp_path / "r.json").read_text()


def test_a_run_in_which_a_fault_never_struck_can_be_told() -> None:
    tally = Tally(fired=Counter(dict.fromkeys(report.COUNTED, 1)))
    assert report.never_fired(tally) == []
    del tally.fired["outage"]
    assert report.never_fired(tally) == ["outage"]
