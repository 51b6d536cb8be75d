"""Edges: ``>>`` and ``<<`` between tasks, groups and XCom arguments, labels on them, ``chain``, ``cross_downstream``.

Whatever can stand at an end of an edge is an :class:`EdgeNode`: it tells which tasks an edge into it reaches
(its first tasks) and which an edge out of it leaves (its last tasks). Both are asked when the edge is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradewind_plugins.exceptions import TradewindException

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tradewind_plugins.task_node import TaskNode


class EdgeNode:
    """Something that ``>>`` and ``<<`` connect."""

    def first_tasks(self) -> list[TaskNode]:
        """Return the tasks that an edge into this node leads to."""
        raise NotImplementedError

    def last_tasks(self) -> list[TaskNode]:
        """Return the tasks that an edge out of this node comes from."""
        raise NotImplementedError

    def set_downstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Run ``other`` (a node or a list of nodes) after this node."""
        label = edge_modifier.label if edge_modifier else None
        for node in as_nodes(other):
            if isinstance(node, EdgeModifier):
                node.add_upstream(self)
            else:
                connect(self, node, label)

    def set_upstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Run this node after ``other`` (a node or a list of nodes)."""
        label = edge_modifier.label if edge_modifier else None
        for node in as_nodes(other):
            if isinstance(node, EdgeModifier):
                node.add_downstream(self)
            else:
                connect(node, self, label)

    def __rshift__(self, other: Any) -> Any:
        self.set_downstream(other)
        return other

    def __lshift__(self, other: Any) -> Any:
        self.set_upstream(other)
        return other

    def __rrshift__(self, other: Any) -> EdgeNode:
        # ``[a, b] >> self``: the list has no operator of its own.
        self.set_upstream(other)
        return self

    def __rlshift__(self, other: Any) -> EdgeNode:
        self.set_downstream(other)
        return self


class EdgeModifier(EdgeNode):
    """A label between two nodes: ``a >> Label("rows") >> b`` and ``b << Label("rows") << a``."""

    def __init__(self, label: str) -> None:
        self.label = label
        self._upstream: list[EdgeNode] = []
        self._downstream: list[EdgeNode] = []

    def add_upstream(self, node: EdgeNode) -> None:
        """Note that ``node`` stands before the label, and make the edges that are complete by that."""
        self._upstream.append(node)
        for other in self._downstream:
            connect(node, other, self.label)

    def add_downstream(self, node: EdgeNode) -> None:
        """Note that ``node`` stands after the label, and make the edges that are complete by that."""
        self._downstream.append(node)
        for other in self._upstream:
            connect(other, node, self.label)

    def set_downstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Continue the edge to ``other``."""
        for node in as_nodes(other):
            self.add_downstream(node)

    def set_upstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Continue the edge backwards to ``other``."""
        for node in as_nodes(other):
            self.add_upstream(node)


def Label(label: str) -> EdgeModifier:  # noqa: N802 - Airflow's name, part of the public surface
    """Return a label for the edge it stands on."""
    return EdgeModifier(label)


def as_nodes(value: Any) -> list[EdgeNode]:
    """Return ``value`` as a list of nodes, whether it is one or a list, tuple or set of them."""
    items = value if isinstance(value, (list, tuple, set, frozenset)) else [value]
    for item in items:
        if not isinstance(item, EdgeNode):
            raise TradewindException(
                f"An edge needs tasks, groups or outputs of tasks at both ends, not {type(item).__name__} ({item!r})."
            )
    return list(items)


def connect(upstream: EdgeNode, downstream: EdgeNode, label: str | None = None) -> None:
    """Make an edge from every last task of ``upstream`` to every first task of ``downstream``."""
    for before in upstream.last_tasks():
        for after in downstream.first_tasks():
            _connect_tasks(before, after, label)


def _connect_tasks(before: TaskNode, after: TaskNode, label: str | None) -> None:
    _share_dag(before, after)
    if before is after:
        raise TradewindException(f"Task {before.task_id!r} cannot be its own upstream.")
    before.downstream_task_ids.add(after.task_id)
    after.upstream_task_ids.add(before.task_id)
    if label is not None and before.dag is not None:
        before.dag.set_edge_label(before.task_id, after.task_id, label)


def _share_dag(before: TaskNode, after: TaskNode) -> None:
    """Let a task without a DAG join the other's; refuse an edge between two DAGs."""
    if before.dag is after.dag and before.dag is not None:
        return
    if before.dag is None and after.dag is not None:
        before.join(after.dag)
    elif after.dag is None and before.dag is not None:
        after.join(before.dag)
    elif before.dag is None or after.dag is None:
        raise TradewindException(
            f"Tasks {before.task_id!r} and {after.task_id!r} belong to no DAG; make them inside `with DAG(...)`."
        )
    else:
        raise TradewindException(
            f"Tasks {before.task_id!r} of DAG {before.dag.dag_id!r} and {after.task_id!r} of DAG "
            f"{after.dag.dag_id!r} cannot be connected; an edge stays within one DAG."
        )


def chain(*nodes: Any) -> None:
    """Connect each argument with the next; two neighbouring lists of equal length are connected pairwise."""
    for before, after in zip(nodes, nodes[1:]):  # noqa: B905, RUF007 - `strict` and `pairwise` are younger than the dialect
        if isinstance(before, EdgeNode):
            before.set_downstream(after)
        elif isinstance(after, EdgeNode):
            after.set_upstream(before)
        else:
            _chain_pairwise(before, after)


def _chain_pairwise(before: Sequence[Any], after: Sequence[Any]) -> None:
    left, right = as_nodes(before), as_nodes(after)
    if len(left) != len(right):
        raise TradewindException(
            f"chain() connects neighbouring lists pairwise; these have {len(left)} and {len(right)} nodes."
        )
    for upstream, downstream in zip(left, right):  # noqa: B905 - see chain()
        upstream.set_downstream(downstream)


def cross_downstream(from_tasks: Iterable[Any], to_tasks: Any) -> None:
    """Run every node of ``to_tasks`` after every node of ``from_tasks``."""
    for node in as_nodes(list(from_tasks)):
        node.set_downstream(to_tasks)
