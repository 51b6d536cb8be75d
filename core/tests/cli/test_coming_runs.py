"""What is to come is shown before it is made: coming runs, what unpausing makes, what another schedule would."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

FILE = """
import pendulum
from tradewind import DAG, Asset
from tradewind.operators.empty import EmptyOperator

NOW = pendulum.now("UTC").start_of("day")
for dag_id, more in {
    "all": {"schedule": "@daily", "start_date": NOW.subtract(days=8), "catchup": "all"},
    "latest": {"schedule": "@daily", "start_date": NOW.subtract(days=8), "catchup": "latest"},
    "never_made_up": {"schedule": "@daily", "start_date": NOW.subtract(days=8), "catchup": "none"},
    "by_hand": {"schedule": None},
    "by_asset": {"schedule": [Asset("a")]},
    "over": {"schedule": "@daily", "start_date": NOW.subtract(days=8), "end_date": NOW.subtract(days=9)},
}.items():
    with DAG(dag_id, is_paused_upon_creation=True, **more):
        EmptyOperator(task_id="t")
"""


@pytest.fixture(autouse=True)
def restless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Schedulers that look again at once: their rounds are counted here, and nothing wakes them."""
    monkeypatch.setattr("tradewind.scheduling.scheduler.IDLE_POLL_SECONDS", 0.01)
    monkeypatch.setenv("TRADEWIND__SCHEDULER__POLL_INTERVAL", "0.01")


@pytest.fixture
def planned(dags: Path, run) -> Path:
    (dags / "planned.py").write_text(FILE)
    assert run("dag-processor", "--once")[0] == 0
    return dags


def coming(run, *words: str) -> list[dict[str, str]]:
    code, out, err = run("dags", "next-runs", *words, "--json")
    assert code == 0, err
    return json.loads(out)


@pytest.mark.parametrize(("dag_id", "at_once"), [("all", 8), ("latest", 1), ("never_made_up", 0)])
def test_catchup_in_three_words_and_what_unpausing_makes_of_it(run, planned: Path, dag_id: str, at_once: int) -> None:
    rows = coming(run, dag_id, "-n", str(at_once + 3))
    assert [each["runs_at"] == "at once" for each in rows] == [True] * at_once + [False] * 3
    _, out, _ = run("dags", "unpause", dag_id, "--dry-run", "-o", "json")
    (told,) = json.loads(out)
    assert (told["made_at_once"], told["next"]) == (at_once, rows[at_once]["runs_at"])
    _, out, _ = run("dags", "unpause", dag_id, "--dry-run")
    assert out.startswith(f"Unpausing {dag_id} makes {at_once or 'no'} run")
    assert out.endswith("Nothing was changed.\n")
    assert json.loads(run("dags", "list-runs", "-d", dag_id, "-o", "json")[1]) == []
    # And that is what happens
    assert run("dags", "unpause", dag_id)[0] == 0
    assert run("scheduler", "-n", str(at_once + 2))[0] == 0
    made = json.loads(run("dags", "list-runs", "-d", dag_id, "-o", "json")[1])
    assert sorted(each["logical_date"] for each in made) == [each["logical_date"] for each in rows[:at_once]]


def test_another_schedule_is_tried_without_changing_anything(run, planned: Path) -> None:
    rows = coming(run, "latest", "--schedule", "@hourly", "-n", "2")
    assert all(each["runs_at"] != "at once" for each in rows), "a change of the schedule makes no run of the past"
    rows = coming(run, "latest", "--schedule", "@hourly", "--catchup", "all", "-n", "190")
    assert all(each["runs_at"] == "at once" for each in rows)
    code, _, err = run("dags", "next-runs", "latest", "--schedule", "@sometimes")
    assert (code, "'@sometimes' is not a schedule" in err) == (2, True)


def test_a_changed_file_makes_no_run_of_the_past_unless_all_are_asked_for(run, planned: Path) -> None:
    for dag_id in ("latest", "all"):
        run("dags", "unpause", dag_id)
    assert run("scheduler", "-n", "12")[0] == 0
    (planned / "planned.py").write_text(FILE.replace("@daily", "@hourly"))
    assert run("dag-processor", "--once")[0] == 0
    assert coming(run, "latest", "-n", "1")[0]["runs_at"] != "at once"
    assert json.loads(run("dags", "unpause", "latest", "-d", "-o", "json")[1])[0]["made_at_once"] == 0


OWN = """
import pendulum
from tradewind import DAG
from tradewind.operators.empty import EmptyOperator
from tradewind.timetables import CustomTimetable, DagRunInfo

class EveryOther(CustomTimetable):
    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        last = last_automated_data_interval
        start = restriction.earliest if last is None else last.start.add(days=2)
        return DagRunInfo.interval(start, start.add(days=1))

with DAG("own", schedule=EveryOther(), start_date=pendulum.now("UTC").start_of("day").subtract(days=7), catchup=WORD):
    EmptyOperator(task_id="t")
"""


@pytest.mark.parametrize(("word", "made"), [("all", [7, 5, 3, 1]), ("latest", [1]), ("none", [])])
def test_a_timetable_of_the_file_makes_its_runs_without_being_imported_by_the_scheduler(
    run, dags: Path, word: str, made: list[int]
) -> None:
    (dags / "own.py").write_text(OWN.replace("WORD", repr(word)))
    assert run("dag-processor", "--once")[0] == 0
    expected = [each["logical_date"] for each in coming(run, "own", "-n", str(len(made) + 2))][: len(made)]
    assert run("dags", "unpause", "own")[0] == 0
    assert run("scheduler", "-n", "8")[0] == 0
    found = sorted(each["logical_date"] for each in json.loads(run("dags", "list-runs", "-d", "own", "-o", "json")[1]))
    assert found == expected
    assert len(found) == len(made)
    assert coming(run, "own", "-n", "1")[0]["runs_at"] != "at once"


@pytest.mark.parametrize(
    ("dag_id", "why"),
    [("by_hand", "it has no schedule"), ("by_asset", "it runs when there is new data in a"), ("over", "is over at")],
)
def test_why_there_are_none_is_said(run, planned: Path, dag_id: str, why: str) -> None:
    for verb in ("next-runs", "next-execution"):
        code, _, err = run("dags", verb, dag_id)
        assert code == 1
        assert why in err
