"""Tasks that make runs of other DAGs and wait for them, through real worker processes and by the answers alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa
from tradewind.execution.messages import LookAtRuns, Start, TriggerRun
from tradewind.execution.other_dags import OtherDags
from tradewind.metadata import tables
from tradewind.transitions.recount import start_queued

WHEN = 1_767_323_045_000_000  # 2026-01-02T03:04:05Z: the logical date of the house's runs

PARENT = """
    from datetime import timedelta
    from tradewind import DAG, Param, task
    from tradewind.operators.trigger_dagrun import TriggerDagRunOperator
    from tradewind.sensors.external_task import ExternalTaskMarker, ExternalTaskSensor

    FAST = {"poke_interval": 0.05}

    with DAG("child", params={"n": Param(1, type="integer")}):
        @task
        def work(**context):
            return context["params"]["n"]

        @task
        def each(i): ...

        work() >> each.expand(i=[1, 2])

    with DAG("broken"):
        @task
        def work():
            raise ValueError("broken on purpose")

        work()

    def trigger(task_id, **arguments):
        return TriggerDagRunOperator(task_id=task_id, **{"trigger_dag_id": "child", **FAST, **arguments})

    with DAG("flow"):
        waiting = trigger(
            "waiting", conf='{"n": {{ 6 * 7 }} }',
            trigger_run_id="of_{{ ds }}", logical_date="{{ ts }}", wait_for_completion=True,
        )
        again = trigger("again", trigger_run_id="of_{{ ds }}", logical_date="{{ ts }}")
        skipped = trigger("skipped", trigger_run_id="of_{{ ds }}", skip_when_already_exists=True)
        reset = trigger("reset", trigger_run_id="of_{{ ds }}", reset_dag_run=True, wait_for_completion=True)
        missing = trigger("missing", trigger_dag_id="nowhere")
        wrong = trigger("wrong", conf={"n": "no number"})
        failing = trigger("failing", trigger_dag_id="broken", wait_for_completion=True)
        content = trigger("content", trigger_dag_id="broken", wait_for_completion=True, allowed_states=["failed"],
                          failed_states=["success"])
        waiting >> again
        waiting >> skipped
        sensed = ExternalTaskSensor(task_id="sensed", external_dag_id="child", external_task_ids=["work", "each"],
                                    check_existence=True, **FAST)
        waiting >> sensed >> reset
        marker = ExternalTaskMarker(task_id="marker", external_dag_id="child", external_task_id="work")
        unknown = ExternalTaskSensor(task_id="unknown", external_dag_id="child", external_task_id="unheard",
                                     check_existence=True, **FAST)
        waiting >> unknown
"""


def rows(house: Any, dag_id: str) -> list[Any]:
    run = tables.dag_run.c
    with house.database.read() as conn:
        return list(conn.execute(sa.select(tables.dag_run).where(run.dag_id == dag_id).order_by(run.id)))


def started_again(house: Any) -> bool:
    """Start runs that were reset, as a scheduler does."""
    for row in rows(house, "child"):
        house.database.write(
            lambda conn, run=row.id: start_queued(conn, run, graphs=house.graphs, clock=house.clock, ids=house.ids)
        )
    return True


def test_a_task_makes_a_run_and_waits_for_it(house: Any) -> None:
    house.deploy(PARENT)
    house.start_worker()
    run = house.start_run()
    house.until(lambda: started_again(house) and house.run_state(run) == "failed", "the run of the parent ends")
    assert house.states(run) == {
        "waiting": "success",
        "again": "failed",
        "skipped": "skipped",
        "reset": "success",
        "missing": "failed",
        "wrong": "failed",
        "failing": "failed",
        "content": "success",
        "sensed": "success",
        "marker": "success",
        "unknown": "failed",
    }
    (child,) = rows(house, "child")
    assert (child.run_id, child.state, child.triggered_by) == ("of_2026-01-02", "success", "operator")
    assert json.loads(child.conf) == {"n": 42}
    assert house.xcoms(child.id)["work", "return_value"] == 42
    assert house.xcoms(run)["waiting", "trigger_run_id"] == "of_2026-01-02"
    assert house.xcoms(run)["waiting", "trigger_logical_date_iso"] == "2026-01-02T03:04:05+00:00"
    # It ran twice, as it was reset, and is known to be that task's child
    assert house.instances(child.id)["work"].try_number == 2
    with house.database.read() as conn:
        (parent,) = conn.execute(sa.select(tables.run_parent).where(tables.run_parent.c.run == child.id))
    assert (parent.instance, parent.token) == (house.instances(run)["reset"].id, 1)
    causes = {task_id: house.tries(run, task_id)[-1].cause for task_id in ("again", "missing", "wrong", "failing")}
    assert "has a run 'of_2026-01-02' already: give another trigger_run_id" in causes["again"]
    assert "DagNotFound: There is no DAG 'nowhere'" in causes["missing"]
    assert "'no number'" in causes["wrong"]
    assert "of DAG 'broken' ended as failed." in causes["failing"]
    assert "DAG 'child' has no task 'unheard'." in house.tries(run, "unknown")[-1].cause


@pytest.fixture
def others(house: Any) -> OtherDags:
    woken: list[set[str]] = []
    made = OtherDags(
        house.database, house.config, graphs=house.graphs, clock=house.clock, ids=house.ids, wake=woken.append
    )
    made.woken = woken  # type: ignore[attr-defined]
    return made


def start_of(ticket: Any) -> Start:
    nothing = dict.fromkeys(("logical_date", "data_interval_start", "data_interval_end", "run_started_at"))
    known = {name: getattr(ticket, name) for name in ("instance", "token", "try_number", "max_tries", "run")}
    names = {name: getattr(ticket, name) for name in ("dag_id", "run_id", "task_id", "map_index", "version_id")}
    return Start(**known, **names, **nothing, run_type="manual", conf="{}", source_hash="", root="", path="")


def test_a_repeated_message_makes_one_run_and_an_overtaken_try_none(house: Any, others: OtherDags) -> None:
    house.deploy("from tradewind import DAG, task\nwith DAG('flow'):\n    @task\n    def work(): ...\n    work()\n")
    start = start_of(house.claim_for("w"))
    request = TriggerRun("flow", None, WHEN + 1, "{}")
    first, second = (others.trigger(start, request).value for _ in range(2))
    assert first == second
    assert first["is_made"]
    assert len(rows(house, "flow")) == 2
    reset = TriggerRun("flow", None, WHEN + 1, "{}", reset=True)
    assert others.trigger(start, reset).value["is_made"]  # its own: not reset by the repetition
    # Somebody else's run is told as such, and one that was overtaken does nothing
    assert others.trigger(start, TriggerRun("flow", start.run_id, WHEN, "{}")).value["is_made"] is False
    late = Start(**{name: getattr(start, name) for name in Start.fields} | {"token": 0})
    assert "a newer dispatch" in others.trigger(late, TriggerRun("flow", "late", WHEN, "{}")).error
    assert len(rows(house, "flow")) == 2
    assert others.woken == [{"scheduler"}] * 3  # type: ignore[attr-defined]


def test_a_run_that_is_running_is_not_reset(house: Any, others: OtherDags) -> None:
    house.deploy("from tradewind import DAG, task\nwith DAG('flow'):\n    @task\n    def work(): ...\n    work()\n")
    start = start_of(house.claim_for("w"))
    reply = others.trigger(start, TriggerRun("flow", start.run_id, WHEN, "{}", reset=True))
    assert f"Run {start.run_id!r} of DAG 'flow' cannot be reset while tasks of it are running" in reply.error


def test_runs_tasks_and_groups_are_counted_by_one_statement(house: Any, others: OtherDags) -> None:
    house.deploy(
        """
        from tradewind import DAG, task, task_group

        with DAG("flow"):
            @task
            def work(): ...

            @task
            def each(i): ...

            @task_group
            def outer():
                @task_group
                def inner():
                    each.expand(i=[1, 2, 3])
                inner()
                work()

            outer()
        """
    )
    house.start_run()
    newest = house.start_run()
    assert others.look(LookAtRuns("flow", [WHEN, WHEN + 1])).value == [[WHEN, "running", None, None, 0]]
    counted = others.look(LookAtRuns("flow", [WHEN], ["outer.work", "outer.inner.each"])).value
    assert counted == [
        [WHEN, "running", "outer.inner.each", "scheduled", 3],
        [WHEN, "running", "outer.work", "scheduled", 1],
    ]
    assert others.look(LookAtRuns("flow", [WHEN], None, "outer")).value == counted
    assert others.look(LookAtRuns("flow", [WHEN], None, "outer.inner")).value == counted[:1]
    assert others.look(LookAtRuns("flow", [WHEN + 1], None, "outer")).value == []
    for asked, said in (
        (LookAtRuns("nowhere", [WHEN], checks=True), "There is no DAG 'nowhere', or its file is gone"),
        (LookAtRuns("flow", [WHEN], ["gone"], checks=True), "DAG 'flow' has no task 'gone'."),
        (LookAtRuns("flow", [WHEN], None, "gone"), "DAG 'flow' has no task group 'gone'."),
    ):
        reply = others.look(asked)
        assert (reply.missing, said in reply.error) == (True, True)
    assert newest == max(row.id for row in rows(house, "flow"))
