"""Results on disk, the tables made of them, and going on where a comparison was interrupted."""

import json
from pathlib import Path

import pytest
from tradewind_perf import report
from tradewind_perf.compare import files, tables
from tradewind_perf.compare.cells import OURS, Book
from tradewind_perf.figures import Figure, Sample
from tradewind_perf.goals import Verdict, at_most
from tradewind_perf.load import Load
from tradewind_perf.results import Result, read, read_folder, save
from tradewind_perf.runner import run_scenario
from tradewind_perf.scenario import CannotMeasureError, Scenario
from tradewind_perf.scenarios.catalogue import CATALOGUE
from tradewind_perf.servers import KINDS, Servers

GOAL = at_most("lag ms", 8)


def result(scenario: str = "made", value: float = 7.0, **changes: object) -> Result:
    values: dict = {
        "scenario": scenario,
        "database": "postgresql",
        "figures": {"lag ms": Figure((value,))},
        "loads": (Load(0.5, 0.02),),
        "seconds": 3.0,
        "when": "2026-11-22 12:00",
        "machine": {"cores": "2"},
        "commit": "abc1234",
    }
    return Result(**(values | changes))


def scenario(*goals, measure=lambda _bench: iter(())) -> Scenario:
    return Scenario("made", "a scenario of the test", measure, goals)


def test_what_is_saved_reads_the_same_and_leaves_other_scenarios_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "results.json"
    save(file, [result("one"), result("two")])
    save(file, [result("one", 5.0)])
    assert {each.scenario: each.figures["lag ms"].median for each in read(file)} == {"one": 5.0, "two": 7.0}
    assert result() == Result.from_json(json.loads(json.dumps(result().to_json())))


def test_of_several_files_the_latest_result_counts_and_other_files_are_no_matter(tmp_path: Path) -> None:
    save(tmp_path / "b.json", [result(value=1.0, when="2026-11-22 11:59")])
    save(tmp_path / "a.json", [result(value=2.0, when="2026-11-22 12:01")])
    (tmp_path / "cell.json").write_text('{"figures": {}}')
    assert [each.figures["lag ms"].median for each in read_folder(tmp_path)] == [2.0]


def test_the_report_says_reached_not_reached_and_skipped_apart() -> None:
    catalogue = {"made": scenario(GOAL)}
    assert "| made | lag ms ≤ 8.00 | 7.00 | reached | load 0.5, others 2% |" in report.goals_table(
        [result()], catalogue
    )
    assert "**not reached**" in report.goals_table([result(value=9.0)], catalogue)
    skipped = report.goals_table([result(figures={}, skipped="no control groups")], catalogue)
    assert "| – | skipped: no control groups |" in skipped
    assert "(busy!)" in report.goals_table([result(loads=(Load(4.0, 0.5),))], catalogue)
    assert "tradewind-perf run made --database postgresql" in report.figures_list([result()], catalogue)


def test_goals_are_judged_at_full_size_and_on_their_database_only() -> None:
    assert [verdict for _, verdict in report.judged(result(), scenario(GOAL))] == [Verdict.REACHED]
    assert list(report.judged(result(scale=0.1), scenario(GOAL))) == []
    assert list(report.judged(result(database="sqlite"), scenario(GOAL))) == []


def test_a_check_misses_what_is_not_reached_what_has_no_figure_and_what_failed_but_not_what_a_machine_cannot_show() -> (
    None
):
    made = scenario(GOAL)
    assert report.missed(result(), made) == 0
    assert report.missed(result(value=9.0), made) == 1
    assert report.missed(result(figures={"lag s": Figure((7.0,))}), made) == 1
    assert report.missed(result(figures={}, skipped="no control groups"), made) == 0
    assert report.missed(result(figures={}, skipped="it failed", has_failed=True), made) == 1
    assert report.missed(result(scale=0.1, skipped="it failed", has_failed=True), made) == 1


def test_each_sample_has_the_load_beside_it_and_a_skipped_scenario_is_neither_reached_nor_missed() -> None:
    def two(_bench):
        yield {"lag ms": 1.0}
        yield {"lag ms": 3.0}

    def cannot(_bench):
        raise CannotMeasureError("this machine cannot")
        yield {}

    found = run_scenario(scenario(GOAL, measure=two), "sqlite", repeat=2, scale=1.0, servers=Servers())
    assert found.figures["lag ms"].median == 2.0
    assert len(found.loads) == 2
    found = run_scenario(scenario(GOAL, measure=cannot), "postgresql", repeat=2, scale=1.0, servers=Servers())
    assert found.skipped == "this machine cannot"
    assert not found.has_failed
    assert [verdict for _, verdict in report.judged(found, scenario(GOAL))] == [Verdict.NOT_MEASURED]


def test_a_scenario_that_fails_is_told_and_costs_the_others_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def fails(_bench):
        yield {"lag ms": 1.0}
        raise RuntimeError("the worker ended by itself")

    found = run_scenario(scenario(GOAL, measure=fails), "postgresql", repeat=2, scale=1.0, servers=Servers())
    assert found.skipped == "it failed: RuntimeError: the worker ended by itself"
    assert found.has_failed
    assert "Traceback" in capsys.readouterr().err
    assert [verdict for _, verdict in report.judged(found, scenario(GOAL))] == [Verdict.NOT_MEASURED]


def test_every_scenario_names_its_databases_and_its_goals_are_about_different_figures() -> None:
    for name, each in CATALOGUE.items():
        assert each.name == name
        assert set(each.databases) <= set(KINDS)
        assert len({goal.figure for goal in each.goals}) == len(each.goals)
        # Each can be run apart, within one slice of quiet
        assert each.seconds <= 600


def test_a_comparison_goes_on_with_the_cells_that_are_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = Book(tmp_path / "cells")

    def fails() -> Sample:
        raise RuntimeError("not today")

    book.keep(OURS, "chain30", lambda: {"lag median ms": 8.0}, version="x", runs=5)
    book.keep("Airflow 3.3", "chain30", fails, version="3.3.2", runs=1)
    assert "not today" in capsys.readouterr().err
    assert Book(tmp_path / "cells").missing(OURS, ["chain30", "fan200"]) == ["fan200"]
    assert book.missing("Airflow 3.3", ["chain30"]) == ["chain30"]
    book.keep("Airflow 3.3", "chain30", lambda: {"lag median ms": 1000.0}, version="3.3.2", runs=1)
    assert "| 8.00 | 1,000 (× 125) |" in tables.table(book.read())
    assert tables.plot(book.read(), tmp_path / "ratios.png")
    assert (tmp_path / "ratios.png").stat().st_size > 1000


def test_ratios_say_how_many_times_better_ours_is() -> None:
    assert tables.ratio(8.0, 800.0, more_is_better=False) == 100
    assert tables.ratio(200.0, 8.0, more_is_better=True) == 25
    assert tables.ratio(0.0, 5.0, more_is_better=False) is None


@pytest.mark.parametrize("name", sorted(files.BODIES))
@pytest.mark.parametrize("system", sorted(files.IMPORTS))
def test_both_systems_get_the_same_graph(name: str, system: str) -> None:
    text = files.text(name, system)
    compile(text, name, "exec")
    assert text.replace(files.IMPORTS[system], "") == files.text(name, "tradewind").replace(
        files.IMPORTS["tradewind"], ""
    )
