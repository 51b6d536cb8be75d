"""A DAG's graph as text: indented for people, DOT for Graphviz, Mermaid for pages that draw it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tradewind.operations.context import Context, operation
from tradewind.operations.finding import newest_graph
from tradewind.serialization import SerializedDag
from tradewind.serialization.model import SerializedTask

FORMATS = ("dot", "mermaid", "text")


@dataclass(frozen=True, slots=True)
class Drawing:
    """A DAG's graph in one of `FORMATS`, ending with a newline."""

    content: str


@operation("dags.draw")
def draw_dag(context: Context, *, dag_id: str, style: str = "dot") -> Drawing:
    """Return the graph of a DAG's newest version.

    Arguments:
        style: one of `FORMATS`.
    Raises:
        NotFoundError: there is no such DAG.
    """
    with context.read() as connection:
        graph = newest_graph(context, connection, dag_id)
    return Drawing("\n".join(_DRAWINGS[style](graph)) + "\n")


def _outline(dag: SerializedDag) -> Iterator[str]:
    """Return one line a task of a DAG."""
    return outline_of(dag.tasks, dag.roots)


def outline_of(tasks: Mapping[str, Any], roots: Sequence[str]) -> Iterator[str]:
    """Return one line a task, below what it waits for; a task that waits for several stands in full below the first."""
    shown: set[str] = set()
    todo = [(task_id, 0) for task_id in reversed(roots)]
    while todo:
        task_id, depth = todo.pop()
        again = task_id in shown
        yield f"{'    ' * depth}{_named(tasks[task_id])}{' (above)' if again else ''}"
        if not again:
            shown.add(task_id)
            todo += [(below, depth + 1) for below in reversed(tasks[task_id].downstream)]


def _dot(dag: SerializedDag) -> Iterator[str]:
    yield f"digraph {quoted(dag.dag_id)} {{"
    yield "    rankdir=LR;"
    yield '    node [shape=box, style="rounded,filled", fontname="sans-serif"];'
    yield from _dot_group(dag, None, 1)
    for before, after in _edges(dag):
        label = dag.edge_labels.get((before, after))
        yield f"    {quoted(before)} -> {quoted(after)}{f' [label={quoted(label)}]' if label else ''};"
    yield "}"


def _dot_group(dag: SerializedDag, group_id: str | None, depth: int) -> Iterator[str]:
    indent = "    " * depth
    for task in dag.tasks.values():
        if task.group_id == group_id:
            label = _named(task, short=group_id is not None)
            yield f"{indent}{quoted(task.task_id)} [label={quoted(label)}, fillcolor={quoted(task.ui_color)}];"
    for group in dag.groups.values():
        if group.parent_id == group_id:
            yield f"{indent}subgraph {quoted(f'cluster_{group.group_id}')} {{"
            yield f"{indent}    label={quoted(group.label)};"
            yield from _dot_group(dag, group.group_id, depth + 1)
            yield f"{indent}}}"


def _mermaid(dag: SerializedDag) -> Iterator[str]:
    numbers = {task_id: f"t{number}" for number, task_id in enumerate(dag.tasks)}
    yield "flowchart LR"
    for task_id, task in dag.tasks.items():
        yield f'    {numbers[task_id]}["{_named(task)}"]'
    for before, after in _edges(dag):
        label = dag.edge_labels.get((before, after))
        text = '|"' + label.replace('"', "#quot;") + '"|' if label else ""
        yield f"    {numbers[before]} -->{text} {numbers[after]}"


def _edges(dag: SerializedDag) -> Iterator[tuple[str, str]]:
    for task_id, task in dag.tasks.items():
        for below in task.downstream:
            yield task_id, below


def _named(task: SerializedTask, *, short: bool = False) -> str:
    name = task.task_id.rpartition(".")[2] if short else task.task_id
    return f"{name} [ ]" if task.is_mapped else name


def quoted(text: str) -> str:
    """Return a text as DOT's quoted string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


_DRAWINGS: dict[str, Callable[[SerializedDag], Iterator[str]]] = {"dot": _dot, "mermaid": _mermaid, "text": _outline}
