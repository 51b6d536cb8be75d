"""Task groups: a name around some tasks, a prefix of their ids, and one end for edges in and one for edges out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tradewind_plugins.edges import EdgeNode
from tradewind_plugins.exceptions import DuplicateTaskIdFound, TradewindException
from tradewind_plugins.graph import Frame, GraphBuilder, GroupBuilder, current_frame, pop_frame, push_frame
from tradewind_plugins.task_node import TaskNode, check_id

if TYPE_CHECKING:
    from tradewind_plugins.mapped import GroupInput

    from tradewind.authoring.dag import DAG


class TaskGroup(GroupBuilder, EdgeNode):
    """A group of tasks.

    Args:
        group_id: its id, unique in the surrounding group; None only for the group that holds the whole DAG.
        prefix_group_id: whether the ids of its children start with its own.
        parent_group, dag: the place, where it is not the surrounding ``with`` block.
        default_args: default arguments of the tasks inside, over those of the DAG.
        tooltip: a sentence for the graph view.
        ui_color, ui_fgcolor: colours of the graph view.
        add_suffix_on_collision: whether an id that is taken gets ``__1``, ``__2``, … in place of an error.
    """

    def __init__(
        self,
        group_id: str | None,
        prefix_group_id: bool = True,
        *,
        parent_group: TaskGroup | None = None,
        dag: DAG | None = None,
        default_args: Mapping[str, Any] | None = None,
        tooltip: str = "",
        ui_color: str = "CornflowerBlue",
        ui_fgcolor: str = "#000",
        add_suffix_on_collision: bool = False,
    ) -> None:
        self.prefix_group_id = prefix_group_id
        self.default_args = dict(default_args or {})
        self.tooltip = tooltip
        self.ui_color = ui_color
        self.ui_fgcolor = ui_fgcolor
        self.children: dict[str, TaskNode | TaskGroup] = {}
        self.parent_group: TaskGroup | None = None
        self.label = group_id or ""
        self.group_id: str | None = group_id
        self._dag: DAG | None = dag
        self.mapped_over: GroupInput | None = None
        if group_id is not None:
            self._join(group_id, parent_group, add_suffix_on_collision)

    def _join(self, group_id: str, parent_group: TaskGroup | None, add_suffix: bool) -> None:
        check_id(group_id, "group_id")
        parent, dag = self._place(parent_group)
        self.parent_group, self._dag = parent, dag
        full_id, number = parent.child_id(group_id), 0
        while add_suffix and dag.has_task(full_id):
            number += 1
            self.label = f"{group_id}__{number}"
            full_id = parent.child_id(self.label)
        self.group_id = full_id
        dag.add_group(self)
        parent.children[full_id] = self

    def _place(self, parent_group: TaskGroup | None) -> tuple[TaskGroup, DAG]:
        frame = current_frame()
        parent: Any = parent_group or (self._dag.root() if self._dag is not None else frame.group)
        dag: Any = parent.builder() if parent is not None else None
        if parent is None or dag is None:
            raise TradewindException(
                f"TaskGroup {self.label!r} belongs to no DAG; make it inside `with DAG(...)` or give it dag=."
            )
        return parent, dag

    def builder(self) -> GraphBuilder | None:
        """Return the DAG that the group is part of."""
        return self._dag

    @property
    def dag(self) -> DAG | None:
        """The DAG that the group is part of."""
        return self._dag

    @property
    def is_root(self) -> bool:
        """Whether this is the group that holds the whole DAG."""
        return self.group_id is None

    def child_id(self, label: str) -> str:
        """Return the full id of a child called ``label``; a group without a prefix leaves out those around it as well."""
        return f"{self.group_id}.{label}" if self.group_id and self.prefix_group_id else label

    def merged_default_args(self) -> dict[str, Any]:
        """Return the default arguments of this group over those of the groups around it."""
        outer = self.parent_group.merged_default_args() if self.parent_group is not None else {}
        return {**outer, **self.default_args} if self.default_args else outer

    def add_child(self, task: TaskNode) -> None:
        """Take in ``task``."""
        self.children[task.task_id] = task

    def mapped(self) -> TaskGroup | None:
        """Return this group, or the innermost around it, that is mapped; None where none is."""
        if self.mapped_over is not None:
            return self
        return self.parent_group.mapped() if self.parent_group is not None else None

    def map_over(self, group_input: GroupInput) -> None:
        """Make as many instances of each task in this group as there are elements in ``group_input``.

        Raises:
            TradewindException: a group around it is mapped already.
        """
        if self.mapped() is not None:
            raise TradewindException(
                f"TaskGroup {self.group_id!r} is mapped inside of a mapped group: map one of them."
            )
        self.mapped_over = group_input

    def add(self, node: TaskNode | TaskGroup) -> None:
        """Take in a task that belongs to no DAG yet."""
        if isinstance(node, TaskGroup) or node.dag is not None or self._dag is None:
            raise DuplicateTaskIdFound(f"{node!r} has its place already; it cannot join TaskGroup {self.group_id!r}.")
        node.task_group = self
        node.task_id = self.child_id(node.label)
        node.join(self._dag)

    def move(self, dag: DAG, parent: TaskGroup | None, ids: Mapping[str, str]) -> None:
        """Become a group of another DAG, with new ids for itself and its children; see ``authoring.absorbing``."""
        self._dag, self.parent_group = dag, parent
        self.group_id = ids[str(self.group_id)]
        self.children = {ids[each]: child for each, child in self.children.items()}

    def __enter__(self) -> TaskGroup:
        push_frame(Frame(self._dag, self))
        return self

    def __exit__(self, *exc_info: object) -> None:
        pop_frame()
        if self.mapped_over is not None:
            for reference in self.mapped_over.references():
                reference.set_downstream(self)

    def iter_tasks(self) -> list[TaskNode]:
        """Return the tasks in this group and in the groups inside, in the order they were made."""
        found: list[TaskNode] = []
        for child in self.children.values():
            found.extend(child.iter_tasks() if isinstance(child, TaskGroup) else [child])
        return found

    def first_tasks(self) -> list[TaskNode]:
        """Return the tasks that have no upstream inside the group."""
        tasks = self.iter_tasks()
        inside = {task.task_id for task in tasks}
        return [task for task in tasks if not task.upstream_task_ids & inside]

    def last_tasks(self) -> list[TaskNode]:
        """Return the tasks that have no downstream inside the group; in place of a teardown what comes before it."""
        tasks = {task.task_id: task for task in self.iter_tasks()}
        found: dict[str, TaskNode] = {}
        for task in tasks.values():
            if not task.downstream_task_ids & tasks.keys():
                for each in _before_teardowns(task, tasks):
                    found[each.task_id] = each
        return list(found.values())

    def get_roots(self) -> list[TaskNode]:
        """Airflow's name of :meth:`first_tasks`."""
        return self.first_tasks()

    def get_leaves(self) -> list[TaskNode]:
        """Airflow's name of :meth:`last_tasks`."""
        return self.last_tasks()

    def __repr__(self) -> str:
        return f"<TaskGroup: {self.group_id}>"


def _before_teardowns(task: TaskNode, inside: Mapping[str, TaskNode]) -> Iterator[TaskNode]:
    """Yield the task itself, or for a teardown those before it that nothing else in the group follows."""
    if not task.is_teardown:
        yield task
        return
    for task_id in sorted(task.upstream_task_ids & inside.keys()):
        above = inside[task_id]
        if above.is_teardown:
            yield from _before_teardowns(above, inside)
        elif not above.is_setup and not _goes_on(above, inside, task):
            yield above


def _goes_on(task: TaskNode, inside: Mapping[str, TaskNode], but: TaskNode) -> bool:
    others = (task.downstream_task_ids & inside.keys()) - {but.task_id}
    return any(not inside[task_id].is_teardown for task_id in others)
