"""The graph of a DAG: of the version that the chosen run ran, else of the newest; and two versions as one graph."""

from __future__ import annotations

from typing import Any

from tradewind.metadata.statements.browsing import grids, versions
from tradewind.operations.context import Context, operation
from tradewind.operations.dags.reading import get_dag
from tradewind.operations.graphs import Drawing, GraphView, Mark, compare_graphs, get_graph
from tradewind.operations.grids import WORST, label_of
from tradewind.web.pages.page import Feed, Page
from tradewind.web.pages.schemas import CompareQuery, GraphFeedQuery, GraphQuery
from tradewind.web.pages.words import STATE_SIGNS, state_word

CHOICES = 25
"""Runs and versions that are offered."""


@operation("tasks.list")
def graph_page(context: Context, *, dag_id: str, run_id: str | None, number: int | None) -> dict[str, Any]:
    """Return what stands around a graph, which itself is a feed: which version it is, and which others there are."""
    view = get_dag(context, dag_id=dag_id)
    found = get_graph(context, dag_id=dag_id, run_id=run_id, number=number)
    with context.read() as connection:
        may_see_runs = context.may("task_instances.list", dag_id)
        runs = list(grids.runs(connection, dag_id, most=CHOICES)) if may_see_runs else []
        kept = versions.page(connection, dag_id, limit=CHOICES, is_descending=True)
    if found.run is not None and all(run.run_id != run_id for run in runs):
        runs.insert(0, found.run)
    if all(each.number != found.version.number for each in kept):
        kept.append(found.version)
    return {
        "dag": view,
        "version": found.version,
        "run": found.run,
        "runs": runs[::-1],
        "versions": kept,
        "tab": "graph",
    }


@operation("tasks.list")
def graph_feed(
    context: Context, *, dag_id: str, run_id: str | None, number: int | None, structure: bool
) -> dict[str, Any]:
    """Return a graph in a compact form; without its structure only what changes while a run goes on."""
    view = get_graph(context, dag_id=dag_id, run_id=run_id, number=number)
    live = _live(view)
    return {**as_compact(view.drawing()), **live} if structure else live


@operation("dag_versions.compare")
def compare_feed(context: Context, *, dag_id: str, number: int, other: int) -> dict[str, Any]:
    """Return two versions as one graph, with what is otherwise in tasks that both have."""
    found = compare_graphs(context, dag_id=dag_id, number=number, other=other)
    changed: dict[str, list[str]] = {}
    for each in found.own:
        if each.task_id is not None:
            changed.setdefault(each.task_id, []).append(each.field.replace("_", " "))
    return {**as_compact(found.drawing), "version": found.comparison.after.number, "run": None, "changed": changed}


def as_compact(drawing: Drawing) -> dict[str, Any]:
    """Return what a graph is drawn of as lists, as short as they can be; tasks, groups and joints go by their places."""
    groups: dict[str | None, int] = {group.group_id: place for place, group in enumerate(drawing.groups)}
    tasks = {task.task_id: place for place, task in enumerate(drawing.tasks)}

    def end(name: str | int) -> int:
        return tasks[name] if isinstance(name, str) else len(tasks) + name

    return {
        # Id, label, operator, group, what it is, what became of it in the later version
        "tasks": [
            [
                task.task_id,
                label_of(task, groups),
                task.task_type,
                groups.get(task.group_id, -1),
                _kinds(task),
                drawing.marks.get(task.task_id, Mark.SAME).value,
            ]
            for task in drawing.tasks
        ],
        # Id, label, the group around it, whether it is mapped, its mark, its tooltip
        "groups": [
            [
                group.group_id,
                group.label,
                groups.get(group.parent_id, -1),
                int(group.expand is not None),
                drawing.group_marks.get(group.group_id, Mark.SAME).value,
                group.tooltip,
            ]
            for group in drawing.groups
        ],
        "joints": [groups.get(each, -1) for each in drawing.joints],
        "edges": [[end(each.source), end(each.target), each.label, each.mark.value] for each in drawing.edges],
        # From what stands for many to what does not
        "words": [[each, STATE_SIGNS.get(each, "•"), state_word(each)] for each in WORST],
    }


def _kinds(task: Any) -> str:
    """Return a letter for each of what a task is: mapped, setup, teardown."""
    is_mapped = task.is_mapped or task.mapped_group is not None
    return "".join(
        letter for letter, holds in (("m", is_mapped), ("s", task.is_setup), ("t", task.is_teardown)) if holds
    )


def _live(view: GraphView) -> dict[str, Any]:
    run = None if view.run is None else {"run_id": view.run.run_id, "state": view.run.state}
    alike: dict[str, list[int]] = {}
    others = {}
    for place, task_id in enumerate(view.graph.tasks):
        found = view.states.get(task_id)
        if found is None:
            continue
        if found.map_index < 0 and found.try_number <= 1:
            alike.setdefault(found.state, []).append(place)
        else:
            # State, how many instances in which, the first instance in it, the try
            others[place] = [found.state, found.counts, found.map_index, found.try_number]
    return {"version": view.version.number, "run": run, "alike": alike, "others": others}


PAGES = (Page("/dags/{dag_id}/graph", graph_page, "dag_graph.html", query=GraphQuery),)
FEEDS = (
    Feed("/dags/{dag_id}/graph.json", graph_feed, query=GraphFeedQuery),
    Feed("/dags/{dag_id}/compare.json", compare_feed, query=CompareQuery),
)
