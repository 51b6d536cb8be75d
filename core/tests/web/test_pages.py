"""Pages tell the truth, escape what people wrote, and ask the database the same number of times however much there is."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from page_statements import MOST_STATEMENTS, statements_of
from stages import Stage
from tradewind.metadata.tables import dag_file
from tradewind.operations import grids

HOSTILE = ("<script>alert", "<img src=x", "<b>tag", "<i>", "<u>help")


def test_the_front_page_tells_what_failed_and_why(stage: Stage) -> None:
    run_id = stage.begin()
    (ticket,) = stage.start(run_id)
    stage.end(ticket, "failed", cause="ValueError: <i>no rows")
    while stage.start(run_id):
        stage.release()
    page = stage.client().get("/").text
    assert "What needs somebody" in page


def test_the_list_shows_each_dag_with_its_last_runs(stage: Stage) -> None:
    run_id = stage.begin()
    stage.finish(run_id)
    page = stage.client().get("/dags").text
    assert "One after the other" in page
    assert f'title="{run_id}: success"' in page
    assert "often" in page


def test_the_list_is_filtered_as_the_api_filters_it(stage: Stage) -> None:
    page = stage.client().get("/dags?dag_id_pattern=chai&paused=&tags=a").text
    assert "One after the other" in page
    assert "often" not in page


def test_the_list_tells_which_files_cannot_be_imported(stage: Stage) -> None:
    row = {"bundle": "dags", "path": "broken.py", "error": "SyntaxError: <u>", "error_line": 3, "error_trace": "T<u>"}
    stage.tools.database.write(lambda c: c.execute(sa.insert(dag_file).values(**row)))
    page = stage.client().get("/dags").text
    assert "broken.py:3" in page
    assert "SyntaxError: &lt;u&gt;" in page
    assert "<u>" not in page
    stage.tools.database.write(lambda c: c.execute(sa.delete(dag_file).where(dag_file.c.path == "broken.py")))


def test_what_is_not_known_is_told(stage: Stage) -> None:
    for path in ("/dags/nothing", "/dags/chain/runs/nothing", "/dags/chain/tasks/nothing/of/nothing"):
        answer = stage.client().get(path)
        assert answer.status_code == 404
        assert "nothing" in answer.text
    assert stage.client().get("/dags?limit=many").status_code == 400


def test_a_run_shows_what_failed_first(stage: Stage) -> None:
    run_id = stage.begin()
    for cause in ("the first cause", "ValueError: <i>", "ValueError: <i>"):
        (ticket,) = stage.start(run_id)
        stage.end(ticket, "failed", cause=cause)
        stage.release()
    page = stage.client().get(f"/dags/chain/runs/{run_id}").text
    assert "What failed first" in page
    assert "ValueError: &lt;i&gt;" in page
    assert "the first cause" not in page
    task = stage.client().get(f"/dags/chain/tasks/first/of/{run_id}").text
    assert "Why it failed:" in task
    assert "the first cause" in task, "each try has its own"


def test_who_may_only_look_sees_no_button(stage: Stage) -> None:
    run_id = stage.begin()
    (ticket,) = stage.start(run_id)
    stage.end(ticket, "failed", cause="ValueError")
    viewer = stage.client(("can_read", "DAGs"), ("can_read", "DAG Runs"), ("can_read", "Task Instances"))
    for path in (f"/dags/chain/runs/{run_id}", f"/dags/chain/tasks/first/of/{run_id}"):
        assert 'data-open="clear"' in stage.client().get(path).text
        page = viewer.get(path)
        assert page.status_code == 200
        assert "data-open" not in page.text
        assert "data-api" not in page.text
        assert "data-act" not in page.text
    assert "Trigger" not in viewer.get("/dags/chain").text


def test_the_grid_shows_runs_lines_and_where_they_meet(stage: Stage) -> None:
    run_id = stage.begin("mapped")
    first, second, third = stage.start(run_id)
    stage.end(first)
    stage.end(second, "failed")
    grid = stage.client().get("/dags/mapped/grid.json").json
    column = next(place for place, run in enumerate(grid["runs"]) if run["run_id"] == run_id)
    assert grid["lines"] == [["square", "square", 0, "mapped", [], 1]]
    (cell,) = [each for each in grid["cells"] if each[:2] == [0, column]]
    assert cell[2] == "failed", "the worst stands for many"
    assert cell[6] == {"failed": 1, "running": 1, "success": 1}
    assert stage.client().get("/dags/mapped/grid.json?lines=false").json.keys() == {"runs", "cells"}
    stage.end(third)


@pytest.mark.parametrize("many", [1, 500])
def test_a_group_stands_for_its_tasks(stage: Stage, monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    """Counted task by task, or as a whole, it is the same."""
    monkeypatch.setattr(grids, "MANY_TASKS", many)
    run_id = stage.begin("grouped")
    tickets = {each.task_id: each for each in stage.start(run_id)}
    stage.end(tickets["outer.inner.one"], "failed", cause="no")
    stage.end(tickets["outer.three"])

    def seen(query: str) -> dict[str, list[object]]:
        grid = stage.client().get(f"/dags/grouped/grid.json?{query}").json
        column = next(place for place, run in enumerate(grid["runs"]) if run["run_id"] == run_id)
        return {grid["lines"][each[0]][0]: [each[2], *each[6:]] for each in grid["cells"] if each[1] == column}

    counts = {"failed": 1, "running": 1, "success": 1}
    assert seen("open_groups=-") == {"outer": ["failed", counts], "outside": ["running"]}
    whole = seen("")
    assert whole["outer"] == ["failed", counts]
    assert whole["outer.inner"] == ["failed", {"failed": 1, "running": 1}]
    assert whole["outer.three"] == ["success"]
    assert list(seen("open_groups=outer")) != list(whole)
    for name in ("outer.inner.two", "outside"):
        stage.end(tickets[name])


def test_the_log_goes_on_where_it_was_left(stage: Stage) -> None:
    run_id = stage.begin()
    (ticket,) = stage.start(run_id)
    stage.log(ticket, b"one\n<b>two\n")
    path = f"/dags/chain/tasks/first/log/of/{run_id}?try_number=1"
    part = stage.client().get(path).json
    assert (part["text"], part["ended"]) == ("one\n<b>two\n", False)
    stage.end(ticket)
    rest = stage.client().get(f"{path}&log={part['log']}&offset={part['offset']}").json
    assert (rest["text"], rest["ended"]) == ("", True)


@pytest.mark.parametrize("path", ["/dags", "/dags/hostile", "/dags/hostile/details", "/dags/hostile/trigger"])
def test_what_people_wrote_is_escaped(stage: Stage, path: str) -> None:
    page = stage.client().get(path).text
    assert [each for each in HOSTILE if each in page] == []
    assert "hostile" in page


def test_a_part_is_a_block_of_the_page(stage: Stage) -> None:
    part = stage.client().get("/dags?part=list").text
    assert "<table" in part
    assert "<html" not in part
    assert "<html" in stage.client().get("/dags?part=nothing").text


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/dags",
        "/dags/chain",
        "/dags/chain/details",
        "/dags/chain/grid.json",
        "/dags/chain/runs/{run}",
        "/dags/chain/tasks/first/of/{run}",
        "/dags/chain/trigger",
    ],
)
@pytest.mark.parametrize("is_over", [True, False])
def test_statements_do_not_grow_with_what_there_is(stage: Stage, path: str, is_over: bool) -> None:
    counts = []
    for number in (0, 3):
        for _ in range(number):
            stage.finish(stage.begin())
        run_id = stage.begin()
        if is_over:
            stage.finish(run_id)
        stage.client().get(path.format(run=run_id))  # what is kept in memory is read once
        counts.append(len(statements_of(stage, path.format(run=run_id))))
    assert counts[0] == counts[1]
    assert counts[1] <= MOST_STATEMENTS - 1, "one more tells who asks"


def test_who_may_not_see_it_is_refused(stage: Stage) -> None:
    nobody = stage.client(("can_read", "Pools"))
    for path in ("/dags", "/dags/chain", "/dags/chain/grid.json", "/"):
        assert nobody.get(path).status_code == 403
    one = stage.client(("can_read", "DAG:chain"))
    assert one.get("/dags/chain/details").status_code == 200
    assert one.get("/dags/mapped/details").status_code == 403
    assert "mapped" not in one.get("/dags").text
