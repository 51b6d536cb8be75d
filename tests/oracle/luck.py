"""Whether the outcome of a run was a matter of luck: of which of two things happened first, side by side.

Apache Airflow decides a task as soon as one upstream settles it, and a branch skips what lies behind it when it runs, whatever
that had become by then. Where two such things meet, another day has another outcome, on Airflow as on Tradewind. Nothing can be
told from such a run; running it in several orders finds most of them, and this rule the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FAILED = frozenset({"failed", "upstream_failed"})
BRANCHES = frozenset({"BranchPythonOperator", "_BranchPythonDecoratedOperator"})
SHORT_CIRCUITS = frozenset({"ShortCircuitOperator", "_ShortCircuitDecoratedOperator"})
EARLY = frozenset({"one_success", "one_failed", "one_done", "always"})


def by_luck(structure: Mapping[str, Any], outcome: Mapping[str, Any]) -> str | None:
    """Return which task's end was a matter of luck, in words; None where none was."""
    tasks = structure["tasks"]
    ends: dict[str, set[str]] = {name: set() for name in tasks}
    for name, (state, _tries) in outcome["tasks"].items():
        ends[name.partition("[")[0]].add(state)
    return only_as_text(outcome) or _of_groups(tasks, ends) or _of_rules(tasks, ends)


def only_as_text(outcome: Mapping[str, Any]) -> str | None:
    """Return which value is a tuple, of which Airflow's reader of XComs gives only a text."""
    for name, value in outcome.get("xcoms", {}).items():
        if isinstance(value, str) and value.startswith("("):
            return f"{name} is a tuple, of which only a text is recorded"
    return None


def _of_groups(tasks: Mapping[str, Any], ends: Mapping[str, set[str]]) -> str | None:
    for name, task in tasks.items():
        if task["is_in_mapped_group"] and any(ends[above] - {"success"} for above in _outside(tasks, name)):
            return f"{name} is in a mapped group, and behind what did not succeed outside of it"
    return None


def _of_rules(tasks: Mapping[str, Any], ends: Mapping[str, set[str]]) -> str | None:
    for name, task in tasks.items():
        near = [ends[above] for above in task["upstream"]]
        is_failing = any(each & FAILED for each in near)
        if task["trigger_rule"] == "all_success" and is_failing and any("skipped" in each for each in near):
            return f"{name} has upstream that failed and upstream that was skipped"
        if is_failing and any(tasks[above]["operator"] in BRANCHES for above in task["upstream"]):
            return f"{name} is behind a branch and behind what failed"
        above = _all_above(tasks, name)
        if any(tasks[each]["operator"] in SHORT_CIRCUITS for each in above):
            if is_failing:
                return f"{name} is behind a short circuit and behind what failed"
            if task["trigger_rule"] in EARLY:
                return f"{name} is behind a short circuit and does not wait"
    return None


def _outside(tasks: Mapping[str, Any], name: str) -> list[str]:
    """Return the tasks directly above one in a mapped group that are in none: whether it was expanded before is luck."""
    return [above for above in tasks[name]["upstream"] if not tasks[above]["is_in_mapped_group"]]


def _all_above(tasks: Mapping[str, Any], name: str) -> set[str]:
    found: set[str] = set()
    open_ends = [name]
    while open_ends:
        new = set(tasks[open_ends.pop()]["upstream"]) - found
        found |= new
        open_ends += new
    return found
