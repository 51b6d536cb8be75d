"""The simulation in CI: seeds that must hold, mutants that must be found, replay and shrinking that must work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from simulation.faults import SimDatabase
from simulation.mutants import KNOWN_SEEDS, MUTANTS, mutated
from simulation.play import open_database, play, shrink
from simulation.run import main
from simulation.scenario import generate

SEEDS = 40
"""How many seeds the tests play; the nox session `simulation` plays 200 and more."""


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimDatabase]:
    """A database that all seeds use one after the other."""
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('simulation')}/simulation.db")
    yield database
    database.dispose()


@pytest.mark.parametrize("block", range(4))
def test_seeds_hold(simulated: SimDatabase, block: int) -> None:
    for seed in range(block * SEEDS // 4, (block + 1) * SEEDS // 4):
        failure = play(generate(seed), simulated)
        assert failure is None, f"seed {seed}: {failure.text}"


def test_seeds_hold_on_servers_too(server_url: str) -> None:
    database = open_database(server_url)
    try:
        for seed in range(3):
            failure = play(generate(seed), database)
            assert failure is None, f"seed {seed}: {failure.text}"
    finally:
        database.dispose()


@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_every_mutant_is_found(simulated: SimDatabase, name: str) -> None:
    with mutated(name, simulated):
        assert any(play(generate(seed), simulated) is not None for seed in KNOWN_SEEDS[name])


def test_a_failing_seed_replays_exactly(simulated: SimDatabase) -> None:
    with mutated("repeated-outcome-counts-twice", simulated):
        first, again = (play(generate(KNOWN_SEEDS["repeated-outcome-counts-twice"][0]), simulated) for _ in range(2))
    assert first is not None
    assert first == again


def test_a_failing_seed_shrinks(simulated: SimDatabase) -> None:
    with mutated("close-without-progress", simulated):
        failure = play(generate(KNOWN_SEEDS["close-without-progress"][0]), simulated)
        assert failure is not None
        smallest = shrink(failure, simulated)
    tasks = [task for dag in smallest.scenario.dags for task in dag.tasks]
    assert len(tasks) <= 3
    assert smallest.scenario.schedulers == 1


def test_a_scenario_without_faults_is_quiet(simulated: SimDatabase) -> None:
    assert play(replace(generate(3), faults=frozenset()), simulated) is None


def test_the_command_prints_the_seed_and_how_to_play_it_again(capsys: pytest.CaptureFixture[str]) -> None:
    seed = KNOWN_SEEDS["close-without-progress"][0]
    code = main(["--mutant", "close-without-progress", "--seed", str(seed), "--no-shrink"])
    shown = capsys.readouterr().out
    assert code == 1
    assert f"seed {seed} fails" in shown
    assert f"--mutant close-without-progress --database sqlite --seed {seed} --trace" in shown


def test_the_command_says_that_all_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "1"]) == 0
    assert "all 1 seeds hold" in capsys.readouterr().out
