"""What a generated DAG has in it, as plain values: tasks of many kinds, edges, groups. Pure; a seed always gives one plan."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

KINDS = {
    "give": 10,
    "empty": 8,
    "join": 14,
    "branch": 8,
    "flaky": 7,
    "map_over": 9,
    "map": 6,
    "skip": 5,
    "fail": 5,
    "list": 5,
    "pull": 5,
    "short": 5,
    "push": 4,
    "bash": 5,
    "sensor": 5,
    "multi": 4,
    "flow_group": 3,
    "fail_now": 2,
}
"""Kinds of tasks, and how often each is drawn."""
MORE_KINDS = {**KINDS, "map_kwargs": 7, "map_made": 8, "map_group": 12, "scope": 14}
"""The kinds of later DAGs: what is mapped in other ways, mapped groups, and what is set up and torn down."""
RULES = {
    "all_success": 26,
    "all_done": 6,
    "none_failed": 3,
    "none_failed_min_one_success": 5,
    "one_success": 3,
    "one_failed": 2,
    "one_done": 2,
    "all_failed": 2,
    "all_skipped": 2,
    "none_skipped": 2,
    "always": 1,
}
SKIPPING = ("branch", "short")
EARLY = ("one_success", "one_failed", "one_done", "always")
"""Rules that may fire before all upstream has ended: what such a task would pull, or who skips it first, is a matter of luck."""
LISTS = ("list", "map", "map_over")
OVER_LISTS = ("map_over", "map_made", "map_group")
GROUPS = ("scope", "map_group")
"""Kinds of several tasks in a group of their own."""


@dataclass
class Step:
    """One task (or, of kind `flow_group`, two in a group of their own).

    Arguments:
        name: its label, and its variable in the file.
        kind: a key of `KINDS`.
        upstream: the steps directly before it, by number.
        rule: its trigger rule.
        is_flow: whether it is written with `@task`.
        group: the groups around it, from the outside.
    """

    name: str
    kind: str
    upstream: list[int]
    rule: str
    is_flow: bool
    group: tuple[str, ...] = ()


@dataclass
class Group:
    """Consecutive steps in a task group, whose path begins with the groups around it."""

    path: tuple[str, ...]
    first: int
    last: int
    has_prefix: bool


@dataclass
class Plan:
    """A DAG to be written.

    Arguments:
        steps: in an order in which each comes after its upstream.
        groups: outer ones first.
        group_edges: pairs of a group (by path) and the step after it, by number.
    """

    steps: list[Step]
    groups: list[Group] = field(default_factory=list)
    group_edges: list[tuple[tuple[str, ...], int]] = field(default_factory=list)

    def members(self, path: tuple[str, ...]) -> list[int]:
        """Return the steps in a group, by number."""
        return [number for number, step in enumerate(self.steps) if step.group[: len(path)] == path]

    def leaves(self, path: tuple[str, ...]) -> list[int]:
        """Return the steps of a group that have nothing after them in it."""
        inside = self.members(path)
        followed = {before for number in inside for before in self.steps[number].upstream}
        return [number for number in inside if number not in followed]

    def before(self, number: int) -> set[int]:
        """Return the steps directly before one, edges from groups counted."""
        by_groups = (leaf for path, after in self.group_edges if after == number for leaf in self.leaves(path))
        return {*self.steps[number].upstream, *by_groups}

    def after(self, number: int) -> list[int]:
        """Return the steps directly after one, edges from groups counted."""
        return [later for later in range(number + 1, len(self.steps)) if number in self.before(later)]

    def task_id(self, number: int) -> str:
        """Return the id of a step's task (of the last, where there are two)."""
        step = self.steps[number]
        inner = {"flow_group": ".second", "map_group": ".second", "scope": ".work"}.get(step.kind, "")
        return self._child_id(step.group, f"{step.name}{inner}")

    def group_id(self, path: tuple[str, ...]) -> str:
        """Return the id of a group."""
        return self._child_id(path[:-1], path[-1])

    def _child_id(self, path: tuple[str, ...], label: str) -> str:
        has_prefix = bool(path) and next(each for each in self.groups if each.path == path).has_prefix
        return f"{self.group_id(path)}.{label}" if has_prefix else label


def drawn(rng: random.Random, size: int, kinds: Mapping[str, int] = KINDS) -> Plan:
    """Return a plan with so many steps."""
    steps: list[Step] = []
    for number in range(size):
        kind = _one(rng, kinds)
        upstream = _upstream(rng, number)
        if kind in ("join", "pull", "map_over", "map_made") and not upstream:
            kind = "list" if kind in OVER_LISTS else "give"
        if kind in OVER_LISTS and (kind != "map_group" or (upstream and rng.random() < 0.7)):
            upstream, kind = _with_list(steps, upstream, kind)
        rule = _one(rng, RULES) if upstream else "all_success"
        steps.append(Step(f"t{number}", kind, upstream, rule, rng.random() < 0.5))
    plan = Plan(steps)
    _add_groups(rng, plan)
    for number, step in enumerate(steps):
        _make_sensible(plan, number, step)
    return plan


def _upstream(rng: random.Random, number: int) -> list[int]:
    """Return what comes before a step: mostly what is near."""
    if number == 0 or rng.random() < 0.08:
        return []
    wanted = rng.choice((1, 1, 1, 2, 2, 3))
    near = [max(0, number - 1 - int(min(number, rng.expovariate(0.4)))) for _ in range(wanted)]
    return sorted(set(near))


def _with_list(steps: list[Step], upstream: list[int], kind: str) -> tuple[list[int], str]:
    """Return the upstream of a task that is mapped over a list, and its kind: another, where there is no list."""
    lists = [number for number in range(len(steps)) if steps[number].kind in LISTS]
    if not lists:
        return upstream, "list"
    return sorted({*upstream, lists[-1]}), kind


def _add_groups(rng: random.Random, plan: Plan) -> None:
    """Put consecutive steps into groups, some in a second one, and let some steps come after a whole group."""
    size, start = len(plan.steps), 0
    while size >= 4 and start < size - 2 and len(plan.groups) < 4:
        start += rng.randint(0, 4)
        last = min(size - 1, start + rng.randint(1, 4))
        if start >= last or rng.random() < 0.35:
            start = last + 1
            continue
        path = (f"g{len(plan.groups)}",)
        _group(plan, Group(path, start, last, rng.random() < 0.8))
        if last - start >= 2 and rng.random() < 0.5:
            _group(plan, Group((*path, f"g{len(plan.groups)}"), start + 1, last, rng.random() < 0.8))
        later = range(last + 1, size)
        if later and rng.random() < 0.7:
            plan.group_edges.append((path, rng.choice(later)))
        start = last + 1


def _group(plan: Plan, group: Group) -> None:
    plan.groups.append(group)
    for number in range(group.first, group.last + 1):
        plan.steps[number].group = group.path


def _make_sensible(plan: Plan, number: int, step: Step) -> None:
    """Give a step another kind or rule where the drawn one would mean nothing, or leave the outcome to luck."""
    before = plan.before(number)
    if step.kind in GROUPS and any(plan.steps[each].kind in SKIPPING for each in before):
        step.kind = "give"
    if step.kind in ("map_kwargs", "map_group", "scope"):
        step.rule = "all_success"
    if step.kind in ("map_over", "map_made") and not any(plan.steps[each].kind in LISTS for each in step.upstream):
        step.kind = "join"
    if step.kind == "branch" and not plan.after(number):
        step.kind = "give"
    if not before:
        step.rule = "all_success"
    is_skipped_by_one = any(plan.steps[each].kind in SKIPPING for each in before)
    takes_values = step.kind in ("join", "pull", "flow_group", *OVER_LISTS)
    if step.rule in EARLY and (takes_values or is_skipped_by_one):
        step.rule = "all_done"
    if step.rule == "always" and step.kind == "map":
        step.rule = "all_done"
    if is_skipped_by_one and step.kind in (
        "map",
        "map_kwargs",
    ):  # Airflow 2.11 runs it all the same: see differences.toml
        step.kind = "give"


def _one(rng: random.Random, weights: Mapping[str, int]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]
