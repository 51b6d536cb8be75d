"""DAGs that are scheduled on assets: which events make which runs, each once, and what it costs."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from tradewind.metadata import tables
from tradewind.metadata.statements import assets
from tradewind.timetables import AssetOrTimeSchedule, AssetTriggeredTimetable, DeltaDataIntervalTimetable
from tradewind.transitions.assets import Source, tell
from tradewind.transitions.runs import create_run
from tradewind.transitions.values import AssetNews
from tradewind_plugins.assets import Asset, AssetAlias

A, B, C = Asset("a"), Asset("b"), Asset("c")
DAY = timedelta(days=1)


def news(asset: Asset, alias: str | None = None, **extra: Any) -> AssetNews:
    return AssetNews(json.dumps(asset.to_spec()), json.dumps(extra), alias)


def told(office, *events: AssetNews) -> None:
    """Somebody tells of new data, a second after what was before."""
    office.pass_(seconds=1)
    with office.database.transaction() as conn:
        tell(conn, [(each, Source()) for each in events], now=office.clock.at, ids=office.ids)


def settle(office) -> None:
    while office.scheduler.step().has_more:
        pass


def events_of(office, dag_id: str) -> list[list[str]]:
    """Return the assets of the events that made each run of a DAG."""
    run = tables.dag_run.c
    with office.database.read() as conn:
        keys = conn.execute(sa.select(run.id).where(run.dag_id == dag_id).order_by(run.id)).scalars().all()
        return [[each.asset.uri for each in assets.events(conn, assets.of_run(key), most=99)] for key in keys]


def listen(office, dag_id: str, schedule: Any, **more: Any) -> None:
    office.add_dag(dag_id, timetable=AssetTriggeredTimetable(schedule), **more)


def producing(office) -> Any:
    """Return the ticket of a task that is running, of a DAG called `producer`."""
    office.add_worker()
    dag = office.add_dag("producer", "make")
    with office.database.transaction() as conn:
        create_run(
            conn,
            version_id=1,
            graph=dag,
            run_id="r",
            run_type="manual",
            logical_date=office.clock.at,
            data_interval_start=office.clock.at - DAY,
            data_interval_end=office.clock.at,
            conf={},
            triggered_by="test",
            clock=office.clock,
            ids=office.ids,
        )
    office.scheduler.step()
    (ticket,) = office.claim()
    return ticket


def test_a_success_makes_a_run_of_who_is_scheduled_on_its_outlet_and_wakes_schedulers(office):
    ticket = producing(office)
    listen(office, "consumer", [A])
    listen(office, "other", [B])
    result = office.finish(ticket, events=(news(A, rows=7),))
    assert "scheduler" in result.wake
    office.renew_worker()
    settle(office)
    ((run_id, state),) = office.runs("consumer")
    assert (run_id[:17], state) == ("asset_triggered__", "running")
    assert office.runs("other") == []
    with office.database.read() as conn:
        row = conn.execute(sa.select(tables.dag_run).where(tables.dag_run.c.dag_id == "consumer")).one()
        (event,) = assets.events(conn, assets.of_run(row.id), most=9)
    assert (row.run_type, row.triggered_by) == ("asset_triggered", "asset")
    assert (row.data_interval_start, row.data_interval_end) == (office.clock.at - DAY, office.clock.at)
    assert (event.dag_id, event.run_id, event.task_id, event.map_index, event.extra) == (
        "producer",
        "r",
        "make",
        -1,
        '{"rows": 7}',
    )


@pytest.mark.parametrize("state", ["failed", "skipped"])
def test_what_does_not_succeed_tells_of_nothing(office, state):
    ticket = producing(office)
    listen(office, "consumer", [A])
    office.finish(ticket, state=state, events=(news(A),))
    settle(office)
    assert office.runs("consumer") == []


def test_a_repeated_report_tells_once(office):
    ticket = producing(office)
    listen(office, "consumer", [A])
    for _ in range(3):
        office.finish(ticket, events=(news(A),))
    settle(office)
    assert events_of(office, "consumer") == [["a"]]


def test_all_waits_for_each_and_any_for_one(office):
    listen(office, "all", [A, B])
    listen(office, "any", A | B)
    listen(office, "mixed", (A | B) & C)
    told(office, news(A))
    settle(office)
    told(office, news(A))
    settle(office)
    assert (events_of(office, "all"), events_of(office, "any"), events_of(office, "mixed")) == ([], [["a"], ["a"]], [])
    told(office, news(B), news(C))
    settle(office)
    assert events_of(office, "all") == [["a", "a", "b"]]
    assert events_of(office, "any") == [["a"], ["a"], ["b"]]
    assert events_of(office, "mixed") == [["a", "a", "b", "c"]]


def test_each_event_makes_one_run_of_a_dag_even_at_one_instant(office):
    listen(office, "consumer", [A])
    told(office, news(A))
    settle(office)
    with office.database.transaction() as conn:
        tell(conn, [(news(A), Source())], now=office.clock.at, ids=office.ids)
    settle(office)
    settle(office)
    assert events_of(office, "consumer") == [["a"], ["a"]]


def test_a_new_consumer_gets_no_old_events_and_a_paused_one_what_it_had_before(office):
    listen(office, "paused", [A, B])
    told(office, news(A))
    settle(office)
    office.set("paused", is_paused=True)
    told(office, news(A), news(B))
    listen(office, "new", [A])
    settle(office)
    assert (events_of(office, "paused"), events_of(office, "new")) == ([], [])
    office.set("paused", is_paused=False)
    settle(office)
    assert office.runs("paused") == [], "nothing is made by surprise of what happened meanwhile"
    told(office, news(B))
    settle(office)
    assert events_of(office, "paused") == [["a", "b"]]
    told(office, news(A))
    settle(office)
    assert events_of(office, "new") == [["a"]]


def test_a_dag_at_its_limit_gathers_events_for_its_next_run(office):
    listen(office, "consumer", [A], max_active_runs=1)
    office.add_worker()
    for _ in range(3):
        told(office, news(A))
        office.renew_worker()
        settle(office)
    assert events_of(office, "consumer") == [["a"]]
    office.finish(*office.claim())
    settle(office)
    assert events_of(office, "consumer") == [["a"], ["a", "a"]]


def test_an_alias_stands_for_what_tasks_named_by_it(office):
    listen(office, "by_alias", [AssetAlias("daily")])
    listen(office, "by_asset", [A])
    told(office, news(A))
    settle(office)
    assert (events_of(office, "by_alias"), events_of(office, "by_asset")) == ([], [["a"]])
    told(office, news(A, alias="daily"))
    settle(office)
    assert (events_of(office, "by_alias"), events_of(office, "by_asset")) == ([["a"]], [["a"], ["a"]])
    told(office, news(A))
    settle(office)
    assert events_of(office, "by_alias") == [["a"], ["a"]], "from then on any event of it counts"


def test_assets_or_time_makes_runs_by_both(office):
    both = AssetOrTimeSchedule(timetable=DeltaDataIntervalTimetable(DAY), assets=[A])
    office.add_dag("both", timetable=both)
    told(office, news(A))
    settle(office)
    office.pass_(days=1)
    settle(office)
    assert sorted(run_id.partition("__")[0] for run_id, _ in office.runs("both")) == ["asset_triggered", "scheduled"]


def test_a_schedule_without_an_asset_forgets_what_waited_for_it(office):
    listen(office, "consumer", [A, B])
    told(office, news(A))
    settle(office)
    office.texts["consumer"] = office.add_dag("changed", timetable=AssetTriggeredTimetable([B]))
    office.texts["consumer"] = type(office.texts["consumer"])(
        "consumer", office.texts["consumer"].tasks, AssetTriggeredTimetable([B])
    )
    office.graphs = office.graphs.__class__(loader=office._load)
    office.add_scheduler()
    told(office, news(B))
    while office.schedulers[-1].step().has_more:
        pass
    assert events_of(office, "consumer") == [["b"]]


def test_a_broken_consumer_is_set_aside_and_its_neighbour_runs(office):
    listen(office, "broken", [A], broken=ValueError("no graph"))
    listen(office, "good", [A])
    told(office, news(A))
    settle(office)
    assert "no graph" in office.row("broken").quarantine
    assert events_of(office, "good") == [["a"]]


def test_two_schedulers_make_one_run(office):
    listen(office, "consumer", [A])
    told(office, news(A))
    other = office.add_scheduler()
    barrier = threading.Barrier(2)

    def step(scheduler):
        barrier.wait()
        scheduler.step()

    threads = [threading.Thread(target=step, args=(each,)) for each in (office.scheduler, other)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert events_of(office, "consumer") == [["a"]]


def test_the_cost_of_an_event_does_not_grow_with_other_dags_and_assets(office, statements):
    listen(office, "consumer", [A])
    counts = []
    for number in range(2):
        for other in range(20):
            listen(office, f"other{number}_{other}", [Asset(f"o{number}_{other}")])
        settle(office)
        with statements.recorded(office.database):
            told(office, news(A))
            office.scheduler.step()
        counts.append(len(statements))
    assert counts[1] <= counts[0], "the first also loads the version"
    statements.assert_at_most(25)


def test_a_dag_that_waits_for_more_is_not_looked_at_again(office, statements):
    listen(office, "consumer", [A, B])
    told(office, news(A))
    settle(office)
    with statements.recorded(office.database):
        assert not office.scheduler.step().has_worked
    statements.assert_at_most(1)
