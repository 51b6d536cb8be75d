"""`tradewind dags show-dependencies`: which DAG triggers, awaits, clears or feeds which."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from tradewind.cli.dags.drawing_files import add_drawing_options, write_drawing
from tradewind.cli.shared.operating import open_operations
from tradewind.cli.verbs import Verbs
from tradewind.operations.dags.dependencies import ASSET, Edge, Node, list_dependencies
from tradewind.operations.dags.drawing import quoted


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    add_drawing_options(verbs.add("show-dependencies", show_dependencies, remote=True))


def show_dependencies(options: argparse.Namespace) -> None:
    """Write which DAGs trigger, await, clear or feed which: as DOT, as Mermaid, or as text."""
    with open_operations(options) as operations:
        found = [_edge(each) for each in operations.ask_all(list_dependencies)]
    if not found:
        print("No DAG depends on another one.", file=sys.stderr)
    write_drawing(lambda style: "".join(f"{line}\n" for line in _DRAWINGS[style](found)), options)


def _edge(row: Any) -> Edge:
    before, after = (Node(each.kind, each.name) for each in (row.before, row.after))
    return Edge(before, row.how, after, row.task_id)


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
