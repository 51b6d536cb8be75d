"""The kit's commands: one small scenario from its measurement to the page that it stands in."""

import json
from pathlib import Path

import pytest
from tradewind_perf.__main__ import run
from tradewind_perf.report import BEGIN, END
from tradewind_perf.scenarios.catalogue import CATALOGUE


def test_the_list_names_every_scenario_with_its_goals(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list"]) == 0
    said = capsys.readouterr().out
    for name, scenario in CATALOGUE.items():
        assert f"\n{name} " in f"\n{said}"
        assert all(f"goal: {goal}" in said for goal in scenario.goals)


@pytest.mark.parametrize("words", [["run", "chian"], ["run", "chain", "--repeat", "0"]])
def test_what_cannot_be_run_is_said_and_starts_nothing(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 2
    said = capsys.readouterr().err
    assert "There is no scenario 'chian'; there are chain, " in said or "--repeat is the number of runs" in said


def test_a_scenario_is_measured_kept_and_written_into_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results, page = tmp_path / "results", tmp_path / "page.md"
    assert run(["run", "parse", "--database", "sqlite", "--repeat", "1", "--json", str(results / "a.json")]) == 0
    assert "first statements" in capsys.readouterr().out
    kept = json.loads((results / "a.json").read_text())["results"][0]
    assert kept["figures"]["first statements"]["median"] <= 5
    assert kept["figures"]["unchanged statements"]["median"] == 0
    assert len(kept["loads"]) == 1
    page.write_text(f"# Before\n\n{BEGIN}\nold\n{END}\n\nAfter.\n")
    assert run(["report", str(results), "--page", str(page)]) == 0
    written = page.read_text()
    assert written.startswith("# Before\n")
    assert written.endswith(f"{END}\n\nAfter.\n")
    assert "old" not in written
    assert "`tradewind-perf run parse --database sqlite`" in written


def test_a_page_without_a_place_for_the_tables_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page\n")
    assert run(["report", str(tmp_path), "--page", str(page)]) == 2
    assert "no place for the tables" in capsys.readouterr().err
    assert page.read_text() == "# A page\n"
