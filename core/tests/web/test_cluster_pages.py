"""How the whole stands, daemons, and what is wrong with DAG files: told truthfully, to those who may know it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from page_statements import MOST_STATEMENTS, statements_of
from stages import Stage
from tradewind.access.actors import Actor
from tradewind.metadata.tables import dag, dag_file, pool
from tradewind.operations.context import Context
from tradewind.operations.drains import add_drain, release_drain
from tradewind.transitions import daemons


def register(stage: Stage, name: str, kind: str = "worker", **more: object) -> None:
    described: dict[str, object] = {"host": f"host-of-{name}", "pid": 7, "executor": None, "slots": None} | more
    stage.tools.database.write(
        lambda c: daemons.register(
            c, daemon_id=name, kind=kind, clock=stage.tools.clock, leases=daemons.Leases(), **described
        )
    )


def test_the_cluster_page_tells_what_waits_and_why(stage: Stage) -> None:
    stage.begin("chain")
    page = stage.client().get("/cluster").text
    assert "No scheduler lives" in page
    assert page.index("No scheduler lives: no runs are made") < page.rindex("ready tasks of chain")
    assert "The task that is ready the longest waits" in page
    assert "dag_id=chain" in page, "it leads to them"
    assert "SQLite: a file, no server" in page


def test_what_ended_of_late_is_counted(stage: Stage) -> None:
    stage.finish(stage.begin("mapped"))
    page = stage.client().get("/cluster").text
    assert "Ended in the last 5 min" in page
    assert "<dd>0 tasks" not in page.split("Ended in the last 5 min")[1].split("</dd>")[0]


def test_pools_and_executors_show_their_slots(stage: Stage) -> None:
    register(stage, "of-slots", executor="LocalExecutor", slots=3)
    stage.tools.database.write(lambda c: c.execute(sa.insert(pool).values(name="<b>pool", slots=7)))
    page = stage.client().get("/cluster").text
    assert "&lt;b&gt;pool" in page
    assert "<b>pool" not in page
    assert "0 of 7" in page
    assert "LocalExecutor" in page


def test_whoever_may_not_see_tasks_gets_no_links_to_them(stage: Stage) -> None:
    stage.begin("chain")
    page = stage.client(("can_read", "Cluster Activity")).get("/cluster").text
    assert "ready tasks of chain" in page
    assert "/task-instances" not in page
    assert stage.client(("can_read", "DAGs")).get("/cluster").status_code == 403


def test_daemons_are_shown_with_lease_and_buttons_to_drain(stage: Stage) -> None:
    register(stage, "of-drain", executor="LocalExecutor", slots=1)
    register(stage, "of-files", "processor")
    page = stage.client().get("/daemons?host=host-of-of-drain").text
    assert 'data-api="POST /drains"' in page
    assert "host-of-of-files" not in page
    assert "host-of-of-drain" not in stage.client().get("/daemons?kind=processor").text
    looking = stage.client(("can_read", "Jobs")).get("/daemons").text
    assert "of-drain" in looking
    assert "data-api" not in looking
    assert stage.client(("can_read", "DAGs")).get("/daemons").status_code == 403
    assert stage.client().get("/daemons?kind=strange").status_code == 400


def test_what_drains_can_be_released(stage: Stage) -> None:
    register(stage, "drained", executor="LocalExecutor", slots=1)
    context = Context(Actor("ada", 1, None), stage.tools)
    made = add_drain(context, name="host-of-drained", reason="<u>a new disk")
    page = stage.client().get("/daemons?host=host-of-drained").text
    assert f'data-api="DELETE /drains/{made.id}"' in page
    assert "&lt;u&gt;a new disk" in page
    assert 'data-body=\'{"name": "host-of-drained"}\'' not in page, "it drains already"
    release_drain(context, key=made.id)
    assert "Nothing drains" in stage.client().get("/daemons").text


def test_those_that_ended_are_history(stage: Stage) -> None:
    register(stage, "of-yesterday", "triggerer")
    stage.tools.database.write(
        lambda c: c.execute(sa.text("UPDATE daemon SET ended_at = 1, end_cause = 'stopped' WHERE id = 'of-yesterday'"))
    )
    assert "of-yesterday" not in stage.client().get("/daemons?live_only=true").text
    assert "ended: stopped" in stage.client().get("/daemons?kind=triggerer").text


def test_import_errors_show_their_traces(stage: Stage) -> None:
    row = {"bundle": "dags", "path": "torn.py", "error": "SyntaxError: <u>", "error_line": 3, "error_trace": "T<u>race"}
    stage.tools.database.write(lambda c: c.execute(sa.insert(dag_file).values(**row)))
    page = stage.client().get("/import-errors").text
    assert "torn.py:3" in page
    assert "T&lt;u&gt;race" in page
    assert "<u>" not in page
    assert stage.client(("can_read", "DAGs")).get("/import-errors").status_code == 403


def test_warnings_are_about_dags_and_files(stage: Stage) -> None:
    stage.tools.database.write(
        lambda c: c.execute(sa.update(dag).where(dag.c.dag_id == "spare").values(quarantine="<i>too much"))
    )
    page = stage.client().get("/warnings").text
    assert "&lt;i&gt;too much" in page
    assert "<i>too" not in page
    assert "too much" not in stage.client().get("/warnings?dag_id=chain").text
    assert "too much" in stage.client().get("/warnings?dag_id=spare").text
    assert stage.client(("can_read", "DAGs")).get("/warnings").status_code == 403
    stage.tools.database.write(lambda c: c.execute(sa.update(dag).values(quarantine=None)))


@pytest.mark.parametrize("path", ["/cluster", "/daemons", "/daemons?live_only=true", "/import-errors", "/warnings"])
def test_statements_do_not_grow_with_what_there_is(stage: Stage, path: str) -> None:
    begin: Callable[[str], str] = stage.begin
    stage.start(begin("mapped"))
    begin("chain")
    before = statements_of(stage, path)
    stage.start(begin("mapped"))
    for dag_id in ("chain", "empty", "mapped"):
        begin(dag_id)
    register(stage, f"counted{path}"[:36], executor="LocalExecutor", slots=1)
    after = statements_of(stage, path)
    assert len(before) == len(after)
    assert len(after) < MOST_STATEMENTS
