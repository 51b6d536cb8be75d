"""The graph of the version that ran, what differs between versions, and their code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from page_statements import MOST_STATEMENTS, statements_of
from stages import Stage, parsed, staged
from tradewind.access.actors import Actor
from tradewind.cli import main
from tradewind.metadata.statements.browsing import versions
from tradewind.operations.context import Tools
from tradewind.operations.graphs import Mark, drawing_of

FILE = '''
from tradewind import DAG, Label, TaskGroup, task
from tradewind.operators.empty import EmptyOperator

def never():
    """Never called: the tests tell how tasks end."""

with DAG("shaped", schedule=None, is_paused_upon_creation=False, max_active_runs=1000, max_active_tasks=1000):
    @task(task_id="extract", retries={retries})
    def extract():
        never()

    @task(task_id="square")
    def square(n):
        never()

    first, squares = extract(), square.expand(n=[1, 2, 3])
    with TaskGroup("load") as load:
        EmptyOperator(task_id="{loaded}") >> EmptyOperator(task_id="check", doc_md="<script>alert(1)</script>")
    first >> Label("<b>rows") >> squares >> load
    {more}

with DAG("crowd", schedule=None, is_paused_upon_creation=False):
    before = [EmptyOperator(task_id=f"before{{n}}") for n in range(4)]
    after = [EmptyOperator(task_id=f"after{{n}}") for n in range(5)]
    for each in before:
        each >> after

with DAG("other", schedule=None, is_paused_upon_creation=False):
    EmptyOperator(task_id="nothing")
'''
OLD = FILE.format(retries=1, loaded="warehouse", more="# <i>the first one</i>")
NEW = FILE.format(retries=4, loaded="lake", more='last = EmptyOperator(task_id="report"); load >> last')


@pytest.fixture(scope="module")
def two_versions(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, pages_app: Callable[[Tools, Actor], Flask]
) -> Iterator[tuple[Stage, str]]:
    """DAGs of which one ran before its file was changed, and the id of that run."""
    home = parsed(sqlite_template, tmp_path_factory.mktemp("shaped"), OLD)
    with staged(home, tmp_path_factory.mktemp("two_versions"), pages_app) as stage:
        run_id = stage.begin("shaped")
        stage.finish(run_id)
        (stage.home / "dags" / "work.py").write_text(NEW)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TRADEWIND_HOME", str(stage.home))
            assert main(["dag-processor", "--once"]) == 0
        yield stage, run_id


def tasks_of(graph: dict[str, list[list[str]]]) -> list[str]:
    return sorted(each[0] for each in graph["tasks"])


def test_a_run_is_drawn_as_it_ran_though_its_file_has_changed(two_versions: tuple[Stage, str]) -> None:
    stage, run_id = two_versions
    ran = stage.client().get(f"/dags/shaped/graph.json?run={run_id}").json
    newest = stage.client().get("/dags/shaped/graph.json").json
    assert tasks_of(ran) == ["extract", "load.check", "load.warehouse", "square"]
    assert tasks_of(newest) == ["extract", "load.check", "load.lake", "report", "square"]
    assert (ran["version"], newest["version"]) == (1, 2)
    places = [each[0] for each in ran["tasks"]]
    assert sorted(places[each] for each in ran["alike"]["success"]) == ["extract", "load.check", "load.warehouse"]
    assert ran["others"] == {str(places.index("square")): ["success", {"success": 3}, 0, 1]}
    assert (newest["alike"], newest["others"]) == ({}, {})
    assert stage.client().get("/dags/shaped/graph.json?version=1").json["tasks"] == ran["tasks"]
    page = stage.client().get(f"/dags/shaped/graph?run={run_id}").text
    assert "This is version 1, which" in page
    assert "the newest is 2" in page


def test_a_graph_has_groups_labels_and_what_tasks_are(two_versions: tuple[Stage, str]) -> None:
    graph = two_versions[0].client().get("/dags/shaped/graph.json").json
    places = {each[0]: place for place, each in enumerate(graph["tasks"])}
    assert [each[:4] for each in graph["groups"]] == [["load", "load", -1, 0]]
    assert graph["tasks"][places["load.check"]][1:4] == ["check", "EmptyOperator", 0]
    assert graph["tasks"][places["square"]][4] == "m"
    assert [places["extract"], places["square"], "<b>rows", ""] in graph["edges"]


def test_many_after_many_meet_in_a_joint(two_versions: tuple[Stage, str]) -> None:
    graph = two_versions[0].client().get("/dags/crowd/graph.json").json
    assert graph["joints"] == [-1]
    joint = len(graph["tasks"])
    assert len(graph["edges"]) == 9
    assert all(joint in each[:2] for each in graph["edges"])


def test_what_is_live_is_asked_for_without_the_structure(two_versions: tuple[Stage, str]) -> None:
    stage, run_id = two_versions
    found = stage.client().get(f"/dags/shaped/graph.json?run={run_id}&structure=false").json
    assert found.keys() == {"version", "run", "alike", "others"}
    assert found["run"] == {"run_id": run_id, "state": "success"}


def test_the_worst_of_many_is_shown_and_leads_to_itself(two_versions: tuple[Stage, str]) -> None:
    stage, _ = two_versions
    run_id = stage.begin("shaped")
    (extract,) = stage.start(run_id)
    stage.end(extract)
    one, two, three = stage.start(run_id)
    stage.end(one)
    stage.end(two, "failed")
    found = stage.client().get(f"/dags/shaped/graph.json?run={run_id}").json
    assert list(found["others"].values()) == [["failed", {"failed": 1, "running": 1, "success": 1}, 1, 1]]
    assert list(found["alike"]) == ["success", "upstream_failed"]
    stage.end(three)


def test_versions_tell_what_they_changed_and_how_many_runs_they_have(two_versions: tuple[Stage, str]) -> None:
    page = two_versions[0].client().get("/dags/shaped/versions").text
    assert "Adds load.lake and report; removes load.warehouse; changes extract." in page
    assert "The first version that is kept." in page
    others = two_versions[0].client(("can_read", "DAG:shaped")).get("/dags/shaped/versions").text
    assert "Adds 2 tasks; removes 1 task; changes 1 task." in others, "names of tasks are for those who may see tasks"
    assert "lake" not in others


def test_two_versions_are_compared_as_text_as_graph_and_as_code(two_versions: tuple[Stage, str]) -> None:
    client = two_versions[0].client()
    page = client.get("/dags/shaped/compare?before=1&after=2").text
    assert "+ Added:</strong> load.lake, report" in page
    assert "− Removed:</strong> load.warehouse" in page
    assert '<span class="line gone">-    @task(task_id=&#34;extract&#34;, retries=1)' in page
    assert '<span class="line added">+    @task(task_id=&#34;extract&#34;, retries=4)' in page
    assert "<i>the first" not in page
    graph = client.get("/dags/shaped/compare.json?before=1&after=2").json
    assert {each[0]: each[5] for each in graph["tasks"]} == {
        "extract": "~",
        "square": "",
        "load.lake": "+",
        "load.check": "",
        "report": "+",
        "load.warehouse": "-",
    }
    assert graph["changed"] == {"extract": ["retries"]}, "priorities follow from the new tasks"
    places = {each[0]: place for place, each in enumerate(graph["tasks"])}
    marks = {tuple(each[:2]): each[3] for each in graph["edges"]}
    assert marks[places["load.warehouse"], places["load.check"]] == "-"
    assert marks[places["load.lake"], places["load.check"]] == "+"
    assert marks[places["extract"], places["square"]] == ""


def test_the_code_of_a_version_is_what_it_was_read_from(two_versions: tuple[Stage, str]) -> None:
    client = two_versions[0].client()
    old, new = (client.get(f"/dags/shaped/code{query}").text for query in ("?version=1", ""))
    assert "&lt;i&gt;the first one&lt;/i&gt;" in old
    assert "the first one" not in new
    assert '<span class="k">with</span>' in new
    assert 'id="file-1-2"' in new
    assert "<script>alert" not in old + new


@pytest.mark.parametrize(
    "path",
    ["graph", "graph.json", "graph?run={run}", "graph.json?run={run}", "graph.json?run={run}&structure=false"]
    + ["versions", "compare?before=1&after=2", "compare.json?before=1&after=2", "code", "code?version=1"],
)
def test_statements_do_not_grow(two_versions: tuple[Stage, str], path: str) -> None:
    stage, run_id = two_versions
    stage.client().get(f"/dags/shaped/{path.format(run=run_id)}")
    before = len(statements_of(stage, f"/dags/shaped/{path.format(run=run_id)}"))
    stage.finish(stage.begin("shaped"))
    assert len(statements_of(stage, f"/dags/shaped/{path.format(run=run_id)}")) == before
    assert before <= MOST_STATEMENTS - 1, "one more tells who asks"


def test_what_is_not_there_is_told(two_versions: tuple[Stage, str]) -> None:
    client = two_versions[0].client()
    for path in ("graph?version=9", "graph?run=nothing", "graph.json?run=nothing", "code?version=9"):
        assert client.get(f"/dags/shaped/{path}").status_code == 404, path
    assert client.get("/dags/shaped/compare?before=1&after=9").status_code == 404
    assert client.get("/dags/shaped/compare?before=1").status_code == 400
    assert client.get("/dags/nothing/graph").status_code == 404


def test_who_may_not_see_it_is_refused(two_versions: tuple[Stage, str]) -> None:
    stage, run_id = two_versions
    reader = stage.client(("can_read", "DAG:shaped"))
    page = reader.get("/dags/shaped/versions").text
    assert [each for each in (">Graph<", ">Code<", "compare?") if each in page] == []
    for path in ("graph", "graph.json", "code", "compare?before=1&after=2", "compare.json?before=1&after=2"):
        assert reader.get(f"/dags/shaped/{path}").status_code == 403, path
    assert reader.get("/dags/crowd/versions").status_code == 403
    tasks = stage.client(("can_read", "DAG:shaped"), ("can_read", "Task Instances"))
    assert tasks.get("/dags/shaped/graph").status_code == 200
    assert tasks.get(f"/dags/shaped/graph.json?run={run_id}").status_code == 403, "a run is for those who may see runs"
    code = stage.client(("can_read", "DAG:shaped"), ("can_read", "DAG Code"))
    assert code.get("/dags/shaped/code").status_code == 403, "the file has DAGs that are not to be seen"


def test_what_only_an_old_version_has_is_drawn_at_the_end(two_versions: tuple[Stage, str]) -> None:
    stage, _ = two_versions
    with stage.tools.database.read() as connection:
        kept = versions.page(connection, "shaped", limit=2, is_descending=True)
        new, old = (stage.tools.graphs.get(connection, each.id) for each in kept)
    drawn = drawing_of(new, before=old)
    assert drawn.tasks[-1].task_id == "load.warehouse"
    assert drawn.marks["load.warehouse"] is Mark.REMOVED
