"""What tasks say and see of events of assets, in one process: in templates, in functions, and in what they yield."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tradewind import DAG, Asset, AssetAlias, Metadata, task
from tradewind.authoring.asset_events import AssetEvents, InletEvents, OutletEvents, TriggeringEvents
from tradewind.authoring.loading import load_dags
from tradewind.config import load
from tradewind.execution.in_process import InProcessRun, run_in_process
from tradewind.operators.empty import EmptyOperator
from tradewind.serialization import deserialize, serialize
from tradewind_plugins.host import Host, bind

Run = Callable[..., InProcessRun]
A, B = Asset("a"), Asset("lake", "s3://lake/b")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    config = load(tmp_path, {"TRADEWIND_HOME": str(tmp_path)}).config
    return lambda dag: run_in_process(dag, config=config, out=io.StringIO())


def pushed(ended: InProcessRun) -> dict[str, Any]:
    return {each.task_id: each.value for each in ended.pushed}


def test_a_function_that_yields_is_run_to_its_end_and_returns_what_it_returns(run: Run) -> None:
    with DAG("d") as dag:

        @task(outlets=[A])
        def make() -> Any:
            yield Metadata(A, extra={"rows": 1})
            yield "something else"
            yield Metadata(A, extra={"bytes": 2})
            return "done"

        @task(inlets=[A])
        def see(*, inlet_events: Any, inlets: Any, triggering_dataset_events: Any) -> Any:
            return (
                [each.extra for each in inlet_events[A]],
                [each.uri for each in inlets],
                len(triggering_dataset_events),
            )

        make() >> see()
    ended = run(dag)
    assert ended.state == "success"
    assert pushed(ended) == {"make": "done", "see": [[{"rows": 1, "bytes": 2}], ["a"], 0]}


def test_an_empty_task_with_an_outlet_runs_so_that_it_can_tell(run: Run) -> None:
    with DAG("d") as dag:
        EmptyOperator(task_id="plain")
        EmptyOperator(task_id="tells", outlets=[A])
    tasks = deserialize(serialize(dag)).tasks
    assert (tasks["plain"].is_empty, tasks["tells"].is_empty) == (True, False)
    assert tasks["tells"].outlets == ({"asset": "a"},)
    assert run(dag).state == "success"


def test_an_extra_that_is_no_json_fails_the_try_and_says_which(run: Run) -> None:
    with DAG("d") as dag:

        @task(outlets=[A])
        def make(*, outlet_events: Any) -> None:
            outlet_events[A].extra["odd"] = object()

        make()
    ended = run(dag)
    assert ended.state == "failed"
    assert "the extra that task 'make' gave the event of asset 'a'" in str(ended.tasks[0].cause)


def test_outlets_tell_of_themselves_and_aliases_of_what_was_added() -> None:
    events = OutletEvents([A, AssetAlias("today")])
    events[A].extra = {"x": 1}
    events["today"].add(B, extra={"y": 2})
    events.for_asset_alias(name="today").add("c")
    events[Asset("not-an-outlet")].extra = {"lost": True}
    assert [(asset.uri, extra, alias) for asset, extra, alias in events.told()] == [
        ("a", {"x": 1}, None),
        ("s3://lake/b", {"y": 2}, "today"),
        ("c", {}, "today"),
    ]
    assert events.for_asset(name="a").extra == {"x": 1}


class Book(Host):
    """Answers with 1,200 events, 500 a page, and remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, int]] = []

    def asset_events(self, of: str, name: str, after: int = 0) -> Any:
        self.asked.append((of, name, after))
        places = range(after, min(after + 500, 1200))
        return {"total": 1200, "rows": [row(each) for each in places]}


def row(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "asset": {"name": "lake", "uri": "s3://lake/b"},
        "at": "2026-01-01T00:00:00+00:00",
        "extra": {"number": number},
        "dag_id": "p",
        "run_id": "r",
        "task_id": "t",
        "map_index": -1,
        "run": {"run_type": "manual", "data_interval_start": "2026-01-01T00:00:00+00:00"},
    }


def test_events_are_read_page_by_page_and_only_those_that_are_looked_at() -> None:
    book = Book()
    with bind(book):
        found = InletEvents([A, B])
        assert found[B][-1].extra == {"number": 1199}
        assert found[1][3].source_task_instance is not None
        assert [each.extra["number"] for each in AssetEvents("asset", "s3://lake/b")] == list(range(1200))
    assert book.asked[:2] == [("asset", "s3://lake/b", 0), ("asset", "s3://lake/b", 1199)]
    assert [after for _, _, after in book.asked[3:]] == [0, 500, 1000]
    with pytest.raises(KeyError, match="no inlet of this task"):
        found["elsewhere"]


def test_what_made_the_run_is_found_by_asset_and_by_uri() -> None:
    with bind(Book()):
        by_asset, by_uri = TriggeringEvents(by_uri=False), TriggeringEvents(by_uri=True)
        assert list(by_asset) == [B]
        assert list(by_uri) == ["s3://lake/b"]
        event = next(iter(by_asset[B]))
        assert by_uri["s3://lake/b/"][0].id == event.id == by_uri[B][0].id
    assert event.source_dag_run is not None
    assert (event.source_dag_run.run_id, event.source_dag_run.dag_id, event.dataset) == ("r", "p", B)


def test_a_function_that_makes_an_asset_is_a_dag_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "made.py"
    file.write_text(
        """
import json
from tradewind import Asset, Metadata, asset

source = Asset("source", "s3://lake/source")

@asset(schedule="@daily", uri="s3://lake/orders", group="sales", tags=["x"])
def orders(self, context, source, elsewhere):
    'All orders.'
    yield Metadata(self, extra={"rows": 2})
    return [self.name, source.uri, elsewhere.uri, context["run_id"][:8]]

@asset.multi(schedule=[orders], outlets=[Asset("a"), Asset("b")])
def both(self, limit=3):
    return [each.name for each in self] + [limit]
"""
    )
    config = load(tmp_path, {"TRADEWIND_HOME": str(tmp_path)}).config
    dags = load_dags(file, "made")
    assert sorted(dags) == ["both", "orders"]
    head = deserialize(serialize(dags["orders"]))
    assert (head.tags, head.doc, head.tasks["orders"].inlets[1]) == (("x",), "All orders.", {"asset": "elsewhere"})
    assert deserialize(serialize(dags["both"])).timetable.summary == "new data in orders"
    ended = {name: run_in_process(dag, config=config, out=io.StringIO()) for name, dag in dags.items()}
    assert pushed(ended["orders"]) == {"orders": ["orders", "s3://lake/source", "elsewhere", "manual__"]}
    assert pushed(ended["both"]) == {"both": ["a", "b", 3]}
