"""Which setups a task needs: worked out once, when a serialized DAG is read. DAGs without setups cost one look at each task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class ScopeOf:
    """See `SerializedTask.setups` and `SerializedTask.in_scope`."""

    setups: tuple[str, ...] = ()
    in_scope: tuple[str, ...] = ()


NO_SCOPE: Final = ScopeOf()


def scopes_of(tasks: Sequence[Mapping[str, Any]], upstream: Mapping[str, Iterable[str]]) -> dict[str, ScopeOf]:
    """Return the scopes of the tasks that have any.

    Args:
        tasks: the serialized tasks, in order of rank.
        upstream: the ids of the tasks directly before each.
    """
    setups = [task["task_id"] for task in tasks if task.get("is_setup")]
    if not setups:
        return {}
    downstream = {task["task_id"]: task.get("downstream", ()) for task in tasks}
    teardowns = {task["task_id"] for task in tasks if task.get("is_teardown")}
    rules = {task["task_id"]: task.get("trigger_rule") for task in tasks}
    after = closures(tasks, downstream)
    needs: dict[str, list[str]] = {}
    for setup in setups:
        ends = teardowns.intersection(downstream[setup])
        for task_id in sorted(after[setup]):
            is_direct = setup in upstream[task_id]
            if task_id in teardowns:
                is_needed = is_direct and rules[task_id] == "all_done_setup_success"
            else:
                is_needed = not is_direct and rules[task_id] != "always" and (not ends or bool(ends & after[task_id]))
            if is_needed:
                needs.setdefault(task_id, []).append(setup)
    in_scope: dict[str, list[str]] = {}
    for task_id, found in needs.items():
        for setup in found:
            in_scope.setdefault(setup, []).append(task_id)
    names = needs.keys() | in_scope.keys()
    return {name: ScopeOf(tuple(needs.get(name, ())), tuple(in_scope.get(name, ()))) for name in names}


def closures(tasks: Sequence[Mapping[str, Any]], downstream: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """Return all tasks after each, however far away; `tasks` are in order of rank."""
    found: dict[str, set[str]] = {}
    for task in reversed(tasks):
        below = downstream[task["task_id"]]
        found[task["task_id"]] = set(below).union(*(found[each] for each in below))
    return found
