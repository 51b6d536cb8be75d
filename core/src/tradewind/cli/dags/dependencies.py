"""`tradewind dags show-dependencies`: which DAG triggers, awaits, clears or feeds which."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, cast

from tradewind.cli.dags.drawing import quoted
from tradewind.cli.dags.drawing_files import add_drawing_options, write_drawing
from tradewind.cli.shared.session import open_session
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements import listings
from tradewind.serialization import SerializedDag
from tradewind.serialization.model import SerializedTask
from tradewind.transitions.loading import open_graphs

DAG, ASSET = "dag", "asset"
TRIGGERS, AWAITED, CLEARS, WRITES, STARTS = "triggers", "is awaited by", "clears", "writes", "starts"


class Node(NamedTuple):
    """A DAG or an asset."""

    kind: str
    name: str


class Edge(NamedTuple):
    """What one DAG or asset means for another; `task_id` is the task that says so, if one does."""

    before: Node
    how: str
    after: Node
    task_id: str


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    add_drawing_options(verbs.add("show-dependencies", show_dependencies))


def show_dependencies(options: argparse.Namespace) -> None:
    """Write which DAGs trigger, await, clear or feed which: as DOT, as Mermaid, or as text."""
    with open_session() as session, session.database.read() as connection:
        graphs = open_graphs(session.config.plugins.codec)
        dags = [cast(SerializedDag, graphs.get(connection, row.version_id)) for row in listings.list_dags(connection)]
    found = sorted({edge for dag in dags for edge in dependencies(dag)})
    if not found:
        print("No DAG depends on another one.", file=sys.stderr)
    write_drawing(lambda style: "".join(f"{line}\n" for line in _DRAWINGS[style](found)), options)


def dependencies(dag: SerializedDag) -> Iterator[Edge]:
    """Return what a DAG says of its neighbours; names with templates in them stand as they are written."""
    own = Node(DAG, dag.dag_id)
    for task in dag.tasks.values():
        for other in _named(task, "trigger_dag_id"):
            yield Edge(own, TRIGGERS, Node(DAG, other), task.task_id)
        if task.marks is not None:
            yield Edge(own, CLEARS, Node(DAG, task.marks.dag_id), task.task_id)
        else:
            for other in _named(task, "external_dag_id"):
                yield Edge(Node(DAG, other), AWAITED, own, task.task_id)
    for role, task_id, spec in dag.asset_uses:
        asset = Node(ASSET, str(spec.get("asset") or spec.get("alias") or spec.get("name")))
        if role == "outlet":
            yield Edge(own, WRITES, asset, task_id)
        elif role == "schedule":
            yield Edge(asset, STARTS, own, "")


def _named(task: SerializedTask, argument: str) -> list[str]:
    """Return the DAGs that an argument of a task names: one, or one for each instance."""
    value: Any = task.template_fields.get(argument, task.expand_values.get(argument))
    found = value if isinstance(value, list) else [value]
    return [each for each in found if isinstance(each, str)]


def _text(edges: Sequence[Edge]) -> Iterator[str]:
    for edge in edges:
        task = f" ({edge.task_id})" if edge.task_id else ""
        yield f"{edge.before.name} {edge.how} {edge.after.name}{task}"


def _nodes(edges: Iterable[Edge]) -> list[Node]:
    return sorted({node for edge in edges for node in (edge.before, edge.after)})


def _dot(edges: Sequence[Edge]) -> Iterator[str]:
    yield "digraph dependencies {"
    yield "    rankdir=LR;"
    yield '    node [shape=box, style="rounded,filled", fontname="sans-serif", fillcolor="#ffffff"];'
    for node in _nodes(edges):
        shape = ", shape=cylinder, style=filled" if node.kind == ASSET else ""
        yield f"    {quoted(_key(node))} [label={quoted(node.name)}{shape}];"
    for edge in edges:
        yield f"    {quoted(_key(edge.before))} -> {quoted(_key(edge.after))} [label={quoted(_label(edge))}];"
    yield "}"


def _mermaid(edges: Sequence[Edge]) -> Iterator[str]:
    numbers = {node: f"n{number}" for number, node in enumerate(_nodes(edges))}
    yield "flowchart LR"
    for node, number in numbers.items():
        name = node.name.replace('"', "#quot;")
        yield f'    {number}[("{name}")]' if node.kind == ASSET else f'    {number}["{name}"]'
    for edge in edges:
        label = _label(edge).replace('"', "#quot;")
        yield f'    {numbers[edge.before]} -->|"{label}"| {numbers[edge.after]}'


def _key(node: Node) -> str:
    return f"{node.kind}:{node.name}"


def _label(edge: Edge) -> str:
    return f"{edge.how} ({edge.task_id})" if edge.task_id else edge.how


_DRAWINGS: dict[str, Callable[[Sequence[Edge]], Iterator[str]]] = {"dot": _dot, "mermaid": _mermaid, "text": _text}
