"""Which DAG triggers, awaits, clears or feeds which."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tradewind.metadata.statements import listings
from tradewind.operations.context import Context, operation
from tradewind.operations.paging import Page, Paging
from tradewind.serialization import SerializedDag
from tradewind.serialization.model import SerializedTask

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


@operation("dags.dependencies")
def list_dependencies(context: Context, *, page: Paging) -> Page[Edge]:
    """Return what DAGs that the caller may see mean for each other, and for assets; DAGs by name."""
    allowed = context.dags
    with context.read() as connection:
        versions = {
            row.version_id for row in listings.list_dags(connection) if allowed is None or row.dag_id in allowed
        }
        graphs: dict[int, Any] = dict(context.tools.graphs.get_all(connection, versions))
    edges = sorted({edge for graph in graphs.values() for edge in dependencies(graph)})
    found = [each for each in edges if _is_visible(each.before, allowed) and _is_visible(each.after, allowed)]
    return Page(found[page.offset : page.offset + page.limit], len(found))


def _is_visible(node: Node, allowed: frozenset[str] | None) -> bool:
    return allowed is None or node.kind != DAG or node.name in allowed


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
