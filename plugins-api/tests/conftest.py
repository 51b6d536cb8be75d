"""A graph as small as the kernel allows: proof that operators need no more of a DAG than the protocol says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tradewind_plugins.exceptions import DuplicateTaskIdFound, TaskNotFound
from tradewind_plugins.graph import Frame, GraphBuilder, GroupBuilder, pop_frame, push_frame
from tradewind_plugins.task_node import TaskNode


class SmallGroup(GroupBuilder):
    def __init__(self, dag: SmallDag, group_id: str | None = None, **default_args: Any) -> None:
        self.group_id = group_id
        self._dag = dag
        self._default_args = default_args

    def builder(self) -> SmallDag:
        return self._dag

    def child_id(self, label: str) -> str:
        return f"{self.group_id}.{label}" if self.group_id else label

    def merged_default_args(self) -> dict[str, Any]:
        return self._default_args

    def add_child(self, task: TaskNode) -> None:
        pass


class SmallDag(GraphBuilder):
    def __init__(self, dag_id: str = "small", **default_args: Any) -> None:
        self.dag_id = dag_id
        self.default_args = default_args
        self.tasks: dict[str, TaskNode] = {}
        self.labels: dict[tuple[str, str], str] = {}
        self._root = SmallGroup(self)

    def add_task(self, task: TaskNode) -> None:
        if task.task_id in self.tasks:
            raise DuplicateTaskIdFound(task.task_id)
        self.tasks[task.task_id] = task

    def has_task(self, task_id: str) -> bool:
        return task_id in self.tasks

    def get_task(self, task_id: str) -> TaskNode:
        if task_id not in self.tasks:
            raise TaskNotFound(task_id)
        return self.tasks[task_id]

    def set_edge_label(self, upstream_id: str, downstream_id: str, label: str) -> None:
        self.labels[upstream_id, downstream_id] = label

    def root(self) -> SmallGroup:
        return self._root

    def group(self, group_id: str, **default_args: Any) -> SmallGroup:
        return SmallGroup(self, group_id, **default_args)

    @property
    def edges(self) -> set[tuple[str, str]]:
        return {(task_id, after) for task_id, task in self.tasks.items() for after in task.downstream_task_ids}


@pytest.fixture
def dag() -> SmallDag:
    return SmallDag(retries=2, owner="ann", flavour="mint", unrelated=1)


@pytest.fixture
def inside(dag: SmallDag) -> Iterator[SmallDag]:
    """The same DAG, as the one that new tasks join."""
    push_frame(Frame(dag, dag.root()))
    yield dag
    pop_frame()
