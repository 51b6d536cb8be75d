"""`tradewind --server URL assets …`: the same verbs, the same output, done by a server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]
FILE = """
from tradewind import DAG, Asset, AssetAlias, AssetWatcher
from tradewind.operators.empty import EmptyOperator
from tradewind.triggers.file import FileTrigger

ORDERS = Asset("orders", "s3://lake/orders", extra={"owner": "sales"})
LINES = Asset("lines", watchers=[AssetWatcher("of_folder", FileTrigger(filepath="/incoming/*"))])
with DAG("makes", schedule=None):
    EmptyOperator(task_id="load", outlets=[ORDERS])
with DAG("waits", schedule=[ORDERS], is_paused_upon_creation=False):
    EmptyOperator(task_id="use", inlets=[ORDERS])
with DAG("waits_by_alias", schedule=AssetAlias("daily") | LINES):
    EmptyOperator(task_id="use")
"""


@pytest.fixture
def assets(dags: Path, run: Run) -> Path:
    (dags / "assets.py").write_text(FILE)
    assert run("dag-processor", "--once")[0] == 0
    return dags


def test_assets(assets: Path, both: Run, there: Run, run: Run) -> None:
    listed = json.loads(both("assets", "list", "-o", "json")[1])
    assert [(row["name"], row["made_by"], row["waited_for_by"]) for row in listed] == [
        ("lines", 0, 1),
        ("orders", 1, 1),
    ]
    assert "daily" in both("assets", "list", "--alias")[1]
    assert both("assets", "events")[2].startswith("No events yet: ")
    assert both("assets", "materialize", "daily")[2].endswith("[asset-not-made-by-one]\n")
    told = "An event of orders is written; it waits for 1 DAG.\n"
    assert there("assets", "trigger-event", "orders", "--extra", '{"rows": 3}')[:2] == (0, told)
    assert run("assets", "trigger-event", "s3://lake/orders", "--extra", '{"rows": 4}')[:2] == (0, told)
    assert run("scheduler", "-n", "2")[0] == 0
    both("assets", "events", "--limit", "1")
    events = json.loads(both("assets", "events", "orders", "-o", "json")[1])
    assert [each["extra"] for each in events] == [{"rows": 4}, {"rows": 3, "from_rest_api": True}]
    assert events[0]["made"][0].startswith("waits asset_triggered__")
    assert json.loads(both("assets", "events", "daily", "-o", "json")[1]) == []
    both("assets", "details", "orders")
    (details,) = json.loads(both("assets", "details", "--uri", "s3://lake/orders", "-o", "json")[1])
    assert (details["made_by"], details["read_by"], details["waited_for_by"]) == (
        ["makes.load"],
        ["waits.use"],
        ["waits"],
    )
    assert both("assets", "details", "oders")[2].endswith("did you mean orders? [no-such-asset]\n")
    assert both("assets", "details")[0] == both("assets", "trigger-event", "daily")[0] == 2
    (watcher,) = json.loads(both("assets", "watchers", "-o", "json")[1])
    assert (watcher["dag_id"], watcher["asset"], watcher["watcher"]) == ("waits_by_alias", "lines", "of_folder")
    (made,) = json.loads(there("assets", "materialize", "orders", "-o", "json")[1])
    assert made["run_id"] in run("dags", "list-runs", "-d", "makes", "-o", "plain")[1]
