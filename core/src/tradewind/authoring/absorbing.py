"""Moving the tasks of one DAG into a task group of another: what a sub-DAG of Airflow becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind_plugins.exceptions import TradewindException

if TYPE_CHECKING:
    from tradewind.authoring.dag import DAG
    from tradewind.authoring.task_group import TaskGroup


def absorb(group: TaskGroup, other: DAG) -> None:
    """Move all tasks and groups of ``other`` into ``group``; their ids get its prefix, their edges and arguments stay.

    ``other`` is empty afterwards, and is no DAG of its file any more.

    Raises:
        TradewindException: ``group`` is of ``other`` itself, or of no DAG.
        DuplicateTaskIdFound: an id is taken; nothing was moved.
    """
    dag = group.dag
    if dag is None or dag is other:
        raise TradewindException(f"{other!r} cannot become a group of {dag!r}.")
    ids = {each: group.child_id(each) for each in (*other.task_dict, *other.groups)}
    for each in ids.values():
        dag.check_free(each)
    for inner in list(other.groups.values()):
        inner.move(dag, group if inner.parent_group is other.task_group else inner.parent_group, ids)
        dag.add_group(inner)
    for task in list(other.tasks):
        task.task_id = ids[task.task_id]
        task.upstream_task_ids = {ids[each] for each in task.upstream_task_ids}
        task.downstream_task_ids = {ids[each] for each in task.downstream_task_ids}
        task.dag = dag
        if task.task_group is other.task_group:
            task.task_group = group
        dag.add_task(task)
    group.children.update((ids[each], child) for each, child in other.task_group.children.items())
    for (upstream, downstream), label in other.edge_labels.items():
        dag.set_edge_label(ids[upstream], ids[downstream], label)
    other.task_dict.clear()
    other.groups.clear()
    other.edge_labels.clear()
    other.task_group.children.clear()
    other.is_absorbed = True
