"""Lists of runs and task instances: what they show, how they are filtered, what can be chosen, and for whom."""

from __future__ import annotations

from datetime import datetime, timezone
from html import unescape

import pytest
from page_statements import MOST_STATEMENTS, statements_of
from stages import Stage

LISTS = ("/runs", "/task-instances")
VIEWER = (("can_read", "DAGs"), ("can_read", "DAG Runs"), ("can_read", "Task Instances"))


def test_runs_are_shown_with_links_the_newest_first(stage: Stage) -> None:
    first, second = stage.begin(), stage.begin("mapped")
    stage.finish(first)
    page = stage.client().get("/runs").text
    assert page.index(f">{second}</a>") < page.index(f">{first}</a>")
    assert f'href="/dags/chain/runs/{first}"' in page
    assert 'href="/dags/mapped"' in page


def test_runs_are_filtered(stage: Stage) -> None:
    run_id = stage.begin("empty", run_id="r_filtered", logical_date=datetime(2024, 2, 3, 23, 30, tzinfo=timezone.utc))
    stage.finish(run_id)
    for query, is_found in (
        ("dag_id=empty", True),
        ("dag_id=chain", False),
        ("dag_id=&state=&run_type=", True),
        ("state=failed", False),
        ("run_type=manual&state=success&dag_id=empty", True),
        ("run_type=backfill", False),
        ("execution_date_gte=2024-02-03&execution_date_lte=2024-02-03", True),
        ("execution_date_gte=2024-02-04&execution_date_lte=2024-02-10", False),
        ("execution_date_lte=2024-02-03T23:00:00Z", False),
        ("start_date_gte=2030-01-01", False),
    ):
        answer = stage.client().get(f"/runs?{query}")
        assert answer.status_code == 200, query
        assert (">r_filtered</a>" in answer.text) is is_found, query


def test_what_filters_cannot_take_is_told(stage: Stage) -> None:
    for query in ("state=strange", "execution_date_gte=tomorrow", "limit=many", "fields=conf", "unknown=1"):
        assert stage.client().get(f"/runs?{query}").status_code == 400, query
    for query in ("state=strange", "duration_gte=long", "start_date_lte=2024-13-01"):
        assert stage.client().get(f"/task-instances?{query}").status_code == 400, query


def test_pages_of_a_list_keep_the_filters(stage: Stage) -> None:
    for _ in range(3):
        stage.begin("mapped")
    page = stage.client().get("/runs?dag_id=mapped&limit=2").text
    assert 'rel="next" href="?dag_id=mapped&amp;limit=2&amp;offset=2"' in page or (
        'rel="next" href="?dag_id=mapped&limit=2&offset=2"' in page
    )
    rest = stage.client().get("/runs?dag_id=mapped&limit=2&offset=2").text
    assert 'rel="prev"' in rest


def test_task_instances_are_filtered(stage: Stage) -> None:
    run_id = stage.begin("mapped", run_id="r_instances")
    for ticket in stage.start(run_id):
        stage.end(ticket, "failed", cause="ValueError: <i>no rows")
    for query, is_found in (
        ("dag_run_id=r_instances", True),
        ("dag_run_id=r_instances&task_id=square", True),
        ("dag_run_id=r_instances&task_id=middle", False),
        ("dag_run_id=r_instances&state=failed&pool=default_pool&queue=default&executor=LocalExecutor", True),
        ("dag_run_id=r_instances&pool=other", False),
        ("dag_run_id=r_instances&queue=other", False),
        ("dag_run_id=r_instances&executor=other", False),
        ("dag_run_id=r_instances&duration_gte=3600", False),
        ("dag_run_id=r_instances&duration_lte=3600", True),
        ("dag_run_id=r_instances&start_date_gte=2020-01-01", True),
        ("dag_id=chain&dag_run_id=r_instances", False),
    ):
        answer = stage.client().get(f"/task-instances?{query}")
        assert answer.status_code == 200, query
        assert ("/tasks/square/of/r_instances" in answer.text) is is_found, query
    page = stage.client().get("/task-instances?dag_run_id=r_instances").text
    assert "ValueError: &lt;i&gt;no rows" in page


def test_mapped_instances_lead_to_their_own_pages(stage: Stage) -> None:
    run_id = stage.begin("mapped")
    stage.start(run_id)
    page = stage.client().get(f"/task-instances?dag_run_id={run_id}").text
    assert "square [2]" in page
    assert f"/dags/mapped/tasks/square/of/{run_id}?map_index=2" in page


def test_rows_say_what_may_be_done_with_them(stage: Stage) -> None:
    run_id = stage.begin()
    page = stage.client().get("/runs").text
    assert f'data-dag="chain" data-run="{run_id}" data-may="clear mark delete"' in page
    for word in ("Run again", "Mark as failed", "Delete"):
        assert f">{word}</button>" in page
    assert 'data-may="clear mark"' in stage.client().get("/task-instances").text


def test_whoever_may_only_look_can_choose_nothing(stage: Stage) -> None:
    stage.begin()
    for path in LISTS:
        page = stage.client(*VIEWER).get(path).text
        assert "data-pick" not in page
        assert "data-do" not in page
        assert "data-note" not in page
        assert "chain" in page


def test_whoever_may_change_one_dag_can_choose_its_rows(stage: Stage) -> None:
    one, other = stage.begin(), stage.begin("mapped")
    own = (("can_edit", "DAG:chain"), ("can_edit", "DAG Runs"), ("can_edit", "Task Instances"))
    page = stage.client(*VIEWER, *own).get("/runs").text
    assert f'data-run="{one}"' in page
    assert f'data-run="{other}"' not in page
    assert f">{other}</a>" in page
    assert ">Delete</button>" not in page


@pytest.mark.parametrize("path", LISTS)
def test_only_what_one_may_see_is_listed(stage: Stage, path: str) -> None:
    one, other = stage.begin(), stage.begin("mapped")
    client = stage.client(("can_read", "DAG:chain"), ("can_read", "DAG Runs"), ("can_read", "Task Instances"))
    page = client.get(path).text
    assert one in page
    assert other not in page
    assert stage.client(("can_read", "Pools")).get(path).status_code == 403
    assert client.get(f"{path}?dag_id=mapped").status_code == 403


def test_what_people_wrote_is_escaped(stage: Stage) -> None:
    run_id = stage.begin(run_id='<script>alert(1)</script>"x')
    written = stage.client().get(f"/runs?dag_id=chain&limit=5&run_type=manual&state={'running'}").text
    assert "<script>alert" not in written
    assert run_id in unescape(written)
    for path in LISTS:
        page = stage.client().get(f"{path}?dag_id=%22%3E%3Cscript%3Ealert(2)").text
        assert "<script>alert" not in page


@pytest.mark.parametrize(
    "path",
    [
        "/runs?limit=2",
        "/task-instances?limit=2",
        "/runs?state=running&limit=1",
        "/task-instances?state=none&dag_id=chain&limit=2",
    ],
)
def test_statements_do_not_grow_with_what_there_is(stage: Stage, path: str) -> None:
    stage.begin()
    stage.start(stage.begin())
    stage.client().get(path)  # what is kept in memory is read once
    before = statements_of(stage, path)
    for dag_id in ("chain", "mapped", "chain"):
        stage.start(stage.begin(dag_id))
    stage.client().get(path)
    after = statements_of(stage, path)
    assert len(before) == len(after)
    assert len(after) < MOST_STATEMENTS
