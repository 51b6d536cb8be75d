"""Scopes of setup and teardown tasks: what stands inside of ``with`` runs after the setup and before the teardown.

::

    with make_cluster() >> drop_cluster():
        load() >> check()

The operator of a ``with`` block is a setup or a teardown (or a list of them); the other kind is found by its edges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradewind_plugins.exceptions import TradewindException

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tradewind_plugins.task_node import TaskNode

_OPEN = "_open_scopes"


class Scope:
    """An open ``with`` block of setups or teardowns; the innermost one gets the tasks that are made.

    Raises ``TradewindException`` when the tasks are not all setups, or all teardowns, of one DAG.
    """

    def __init__(self, tasks: Iterable[TaskNode]) -> None:
        given = list(tasks)
        kinds = {(task.is_setup, task.is_teardown) for task in given}
        if len(kinds) != 1 or kinds == {(False, False)} or given[0].dag is None:
            names = ", ".join(task.task_id for task in given)
            raise TradewindException(
                f"`with` needs a setup or a teardown of a DAG, or a list of one kind, not {names}: "
                "mark it with .as_setup() or .as_teardown()."
            )
        self._dag = given[0].dag
        if given[0].is_setup:
            self.setups, self.teardowns = given, _nearest(given, "teardown")
        else:
            self.setups, self.teardowns = _nearest(given, "setup"), given
        self._tasks: list[TaskNode] = []

    def __enter__(self) -> Scope:
        vars(self._dag).setdefault(_OPEN, []).append(self)
        return self

    def __exit__(self, *exc_info: object) -> None:
        scopes = vars(self._dag)[_OPEN]
        scopes.pop()
        tasks = [task for task in self._tasks if not task.is_setup and not task.is_teardown]
        if tasks:
            roots = [task for task in tasks if not task.upstream_task_ids] or tasks[:1]
            leaves = [task for task in tasks if not task.downstream_task_ids] or tasks[-1:]
            _connect(self.setups, roots)
            _connect(leaves, self.teardowns)
        if scopes:
            _connect(scopes[-1].setups, self.setups)
            _connect(self.teardowns, scopes[-1].teardowns)

    def add_task(self, task: Any) -> None:
        """Take in a task that was made outside of the block, or the output of one."""
        for each in task.last_tasks():
            self.take(each)

    def take(self, task: TaskNode) -> None:
        """Note a task that was made inside of the block."""
        if task not in self._tasks:
            self._tasks.append(task)


def note_in_scope(task: TaskNode, dag: Any) -> None:
    """Tell the innermost open scope of ``dag`` that ``task`` was made in it."""
    scopes = vars(dag).get(_OPEN)
    if scopes:
        scopes[-1].take(task)


def _connect(before: Iterable[TaskNode], after: Iterable[TaskNode]) -> None:
    for upstream in before:
        for downstream in after:
            if downstream is not upstream and downstream.task_id not in upstream.downstream_task_ids:
                upstream.set_downstream(downstream)


def _nearest(tasks: list[TaskNode], kind: str) -> list[TaskNode]:
    """Return the teardowns after setups, or the setups before teardowns: those next to them, or else those farther away."""
    near = [other for task in tasks for other in (task.downstream_list if kind == "teardown" else task.upstream_list)]
    found = [other for other in near if (other.is_teardown if kind == "teardown" else other.is_setup)]
    if found or not near:
        return list(dict.fromkeys(found))
    return _nearest(list(dict.fromkeys(near)), kind)
