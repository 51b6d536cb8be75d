"""What setups mean for the tasks in their scope, beside the counters of a trigger rule: see `SerializedTask.setups`.

How setups stand is read after the rows of the tasks in their scope were locked, and every end of a setup locks these
rows: so of two transactions that concern the same task, the second sees what the first did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import sqlalchemy as sa

from tradewind.metadata.statements import instances
from tradewind.transitions.decision import RUN, SKIP, UPSTREAM_FAILED, WAIT
from tradewind.transitions.graph import Graph, Task, is_paired
from tradewind.transitions.states import TaskState

FAILED: Final = frozenset({TaskState.FAILED, TaskState.UPSTREAM_FAILED})
TEARDOWN: Final = "all_done_setup_success"


class Setups:
    """How the setups of a run stand, by task and index; ends that a transaction brings about are put in as it goes."""

    def __init__(self, graph: Graph, states: Iterable[tuple[str, int, str]] = ()) -> None:
        self._graph = graph
        self._states: dict[str, dict[int, str]] = {}
        for task_id, map_index, state in states:
            self.put(task_id, map_index, state)

    def put(self, task_id: str, map_index: int, state: str) -> None:
        """Note the state of an instance."""
        self._states.setdefault(task_id, {})[map_index] = state

    def judge(self, task: Task, map_index: int, decision: str) -> str:
        """Return what becomes of a rule's decision, as its task's setups stand."""
        if not task.setups:
            return decision
        states = [state for setup in task.setups for state in self._of(self._graph.tasks[setup], task, map_index)]
        if task.trigger_rule == TEARDOWN:
            return _of_teardown(decision, states)
        if FAILED & set(states):
            return UPSTREAM_FAILED
        if TaskState.SKIPPED in states:
            return SKIP
        return WAIT if decision == RUN and set(states) - {TaskState.SUCCESS} else decision

    def _of(self, setup: Task, task: Task, map_index: int) -> list[str]:
        states: Mapping[int, str] = self._states.get(setup.task_id, {})
        if is_paired(setup, task):
            state = states.get(map_index) or states.get(-1)
            return [] if state is None else [state]
        return [state for state in states.values() if state != TaskState.REMOVED]


def _of_teardown(decision: str, setups: list[str]) -> str:
    """Return what a teardown does when all before it is done: it runs if there is anything to clean up."""
    if decision != RUN or not setups or TaskState.SUCCESS in setups:
        return decision
    return SKIP if set(setups) == {TaskState.SKIPPED} else UPSTREAM_FAILED


def read_setups(conn: sa.Connection, run: int, graph: Graph, tasks: Iterable[str]) -> Setups:
    """Read how the setups of `tasks` stand: one statement, none where they have none."""
    wanted = {setup for task_id in tasks for setup in graph.tasks[task_id].setups}
    return Setups(graph, instances.states_by_index(conn, run, wanted) if wanted else ())
