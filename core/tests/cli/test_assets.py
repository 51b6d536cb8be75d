"""`tradewind assets`: from the DAG files that name them to the runs that their events make."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

FILE = """
from tradewind import DAG, Asset, AssetAlias
from tradewind.operators.empty import EmptyOperator

ORDERS = Asset("orders", "s3://lake/orders", extra={"owner": "sales"})
with DAG("makes", schedule=None):
    EmptyOperator(task_id="load", outlets=[ORDERS])
with DAG("waits", schedule=[ORDERS], is_paused_upon_creation=False):
    EmptyOperator(task_id="use", inlets=[ORDERS])
with DAG("waits_by_alias", schedule=AssetAlias("daily") | Asset("other")):
    EmptyOperator(task_id="use")
"""


@pytest.fixture
def assets(dags: Path, run) -> Path:
    (dags / "assets.py").write_text(FILE)
    assert run("dag-processor", "--once")[0] == 0
    return dags


def rows(run, *words: str) -> list[dict[str, object]]:
    code, out, err = run("assets", *words, "-o", "json")
    assert code == 0, err
    return json.loads(out)


def test_assets_are_listed_with_who_makes_them_and_who_waits(run, assets: Path) -> None:
    listed = {each["name"]: each for each in rows(run, "list")}
    assert sorted(listed) == ["orders", "other"]
    assert (listed["orders"]["made_by"], listed["orders"]["waited_for_by"]) == (1, 1)
    assert [each["name"] for each in rows(run, "list", "--alias")] == ["daily"]
    (details,) = rows(run, "details", "s3://lake/orders")
    assert details["extra"] == {"owner": "sales"}
    assert (details["made_by"], details["read_by"], details["waited_for_by"]) == (
        ["makes.load"],
        ["waits.use"],
        ["waits"],
    )


def test_an_event_by_hand_makes_a_run(run, assets: Path) -> None:
    code, out, err = run("assets", "trigger-event", "orders", "--extra", '{"rows": 3}')
    assert (code, out) == (0, "An event of orders is written; it waits for 1 DAG.\n"), err
    assert run("scheduler", "-n", "2")[0] == 0
    (event,) = rows(run, "events", "orders")
    assert (event["from"], event["extra"]) == ("-", {"rows": 3})
    (made,) = event["made"]
    assert made.startswith("waits asset_triggered__")
    _, out, _ = run("dags", "list-runs", "-d", "waits", "-o", "json")
    assert made.endswith(json.loads(out)[0]["run_id"])


def test_a_file_that_names_other_assets_now_is_followed(run, assets: Path) -> None:
    (assets / "assets.py").write_text(FILE.replace("schedule=[ORDERS]", 'schedule=[Asset("new")]'))
    assert run("dag-processor", "--once")[0] == 0
    listed = {each["name"]: each for each in rows(run, "list")}
    assert (listed["orders"]["waited_for_by"], listed["new"]["waited_for_by"]) == (0, 1)
    _, out, _ = run("assets", "trigger-event", "orders")
    assert "waits for 0 DAGs" in out


def test_the_schedule_is_told_in_words(run, assets: Path) -> None:
    _, out, _ = run("dags", "details", "waits_by_alias", "-o", "json")
    assert json.loads(out)[0]["schedule"] == "new data in alias daily or other"
    code, _, err = run("dags", "next-execution", "waits")
    assert code == 1
    assert "it runs when there is new data in orders" in err


def test_materialize_triggers_the_dag_that_makes_it(run, assets: Path) -> None:
    code, out, _ = run("assets", "materialize", "--name", "orders")
    assert code == 0
    assert "of makes is made" in out
    code, _, err = run("assets", "materialize", "other")
    assert code == 1
    assert "no DAG makes it" in err
    assert "[asset-not-made-by-one]" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("details", "oders"), "There is no asset 'oders'; did you mean orders?"),
        (("trigger-event", "daily"), "is an alias"),
        (("details",), "Name one asset"),
        (("details", "a", "--uri", "b"), "Name one asset"),
        (("trigger-event", "orders", "--extra", "[1]"), "JSON object"),
    ],
)
def test_what_cannot_be_meant_is_said(run, assets: Path, words: tuple[str, ...], said: str) -> None:
    code, _, err = run("assets", *words)
    assert code != 0
    assert said in err


def test_watchers_are_listed_with_their_triggers(run, dags: Path) -> None:
    (dags / "watched.py").write_text(
        "from tradewind import DAG, Asset, AssetWatcher\n"
        "from tradewind.operators.empty import EmptyOperator\n"
        "from tradewind.triggers.file import FileTrigger\n"
        'LINES = Asset("lines", watchers=[AssetWatcher("of_folder", FileTrigger(filepath="/incoming/*"))])\n'
        'with DAG("reads_lines", schedule=[LINES]):\n    EmptyOperator(task_id="t")\n'
    )
    code, out, err = run("assets", "watchers")
    assert (code, out, "No asset is watched: give one watchers=[AssetWatcher" in err) == (0, "", True)
    assert run("dag-processor", "--once")[0] == 0
    (found,) = rows(run, "watchers")
    assert found["trigger"] == "tradewind.triggers.file.FileTrigger"
    assert (found["dag_id"], found["asset"], found["watcher"]) == ("reads_lines", "lines", "of_folder")
    assert (found["triggerer"], found["problem"]) == (None, None)
