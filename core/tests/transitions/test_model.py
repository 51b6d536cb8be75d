"""Drawn graphs with mapped groups and scopes: the decisions in memory, against a model in plain Python.

The engine is `plan` and `settle` on rows in memory, with ends that arrive in a drawn order. The model knows nothing of counters
or pressures: it goes through the tasks once and says in its own words what the rules mean for what ended above. What needs a
database (expansion over XComs, gates, limits, clears) is in `test_model_of_runs.py`.

`TRADEWIND_MODEL_CASES` says how many graphs are drawn; `nox -s model` draws 20,000. A graph is drawn from one number: that
number is all that is shrunk, and a case costs a third of what it did when each choice was Hypothesis's.
"""

from __future__ import annotations

import os
import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tradewind.metadata.statements.instances import LockedInstance
from tradewind.serialization.scopes import scopes_of
from tradewind.transitions.decision import Counters
from tradewind.transitions.ends import _pressures
from tradewind.transitions.planning import plan
from tradewind.transitions.recording import Recorded
from tradewind.transitions.recount import Counted
from tradewind.transitions.scopes import Setups
from tradewind.transitions.settling import counters_of, settle
from tradewind.transitions.states import ENDED
from tradewind.transitions.values import Outcome

CASES = int(os.environ.get("TRADEWIND_MODEL_CASES", "1000"))
PATIENT = (
    "all_success",
    "all_failed",
    "all_done",
    "all_skipped",
    "none_failed",
    "none_skipped",
    "all_done_min_one_success",
)
"""Rules that come to the same whatever the order of ends. Where failures meet skips `all_success` does not: see `drawn`."""
BAD = {"failed", "upstream_failed"}
MOMENT = datetime(2026, 1, 1, tzinfo=timezone.utc)
Instance = tuple[str, int]


@dataclass(frozen=True)
class Drawn:
    """A graph, and how each instance ends if it runs."""

    graph: object
    ends: Mapping[Instance, str]
    order: int


def drawn(rng: random.Random, graph) -> Drawn:
    """Draw a graph of up to seven tasks; some are in a mapped group, one may be a setup with its teardown."""
    size = rng.randint(2, 7)
    names = [f"t{n}" for n in range(size)]
    edges = [(names[a], names[b]) for b in range(size) for a in range(b) if rng.randrange(3) == 0]
    count = rng.randint(1, 3)
    options = {}
    for name in names:
        options[name] = {"trigger_rule": rng.choice(PATIENT)}
        if rng.random() < 0.5:
            options[name] |= {"mapped_group": "g", "expand": (("x", count),)}
    if rng.random() < 0.5:
        edges, options = scoped(edges, options, names, rng.randrange(size))
    shape = replace(graph(edges, tasks=names, **options), fail_stop=rng.random() < 0.3)
    outcomes = ("success", "success", "success", "failed", "skipped")
    instances = [(each.task.task_id, index) for each in plan(shape) for index in each.map_indexes]
    return Drawn(shape, {instance: rng.choice(outcomes) for instance in instances}, rng.randrange(10**6))


def scoped(edges, options, names, at):
    """Make a task a setup, the last task behind it its teardown, and work out who is in scope."""
    setup = names[at]
    options[setup] = {"trigger_rule": "all_success", "is_setup": True}
    for below in {b for a, b in edges if a == setup}:
        options[below]["trigger_rule"] = "all_success"
    last = names[-1] if names[-1] != setup else None
    if last is not None:
        options[last] |= {"is_teardown": True, "trigger_rule": "all_done_setup_success"}
        edges = list(dict.fromkeys([*edges, (setup, last)]))
    tasks = [{"task_id": name, "downstream": [b for a, b in edges if a == name], **options[name]} for name in names]
    upstream = {name: [a for a, b in edges if b == name] for name in names}
    for name, found in scopes_of(tasks, upstream).items():
        options[name] |= {"setups": found.setups, "in_scope": found.in_scope}
    return edges, options


class InMemory:
    """A run whose rows are in memory; what the statements do is done to them."""

    def __init__(self, graph) -> None:
        self.graph = graph
        self.rows: dict[int, LockedInstance] = {}
        for each in plan(graph):
            for index in each.map_indexes:
                key = len(self.rows)
                self.rows[key] = _row(key, each, index)

    def end(self, row: LockedInstance, state: str) -> None:
        self.rows[row.id] = replace(row, state=state)
        outcome = Outcome(row.id, row.token, state, MOMENT)
        pressures = _pressures(self.graph, [Recorded(outcome, row, state, None)])
        setups = Setups(self.graph, ((each.task_id, each.map_index, each.state) for each in self.rows.values()))
        found = settle(self.graph, list(self.rows.values()), pressures, setups=setups)
        for ends, keys in found.counted.items():
            for key in keys:
                grown = counters_of(self.rows[key]).plus(ends)
                self.rows[key] = replace(self.rows[key], **grown._asdict())
        for decided, rows in found.decided.items():
            for each in rows:
                self.rows[each.id] = replace(self.rows[each.id], state=decided)

    def ready(self) -> list[LockedInstance]:
        return [row for row in self.rows.values() if row.state == "scheduled"]

    def states(self) -> dict[Instance, str]:
        return {(row.task_id, row.map_index): row.state for row in self.rows.values()}


def _row(key, planned, index) -> LockedInstance:
    counters: Counters = planned.counters
    rest = {"state": planned.state, "try_number": 1, "max_tries": 0, "token": 1, "priority": 1}
    place = {"pool": "p", "pool_slots": 1, "executor": "e", "queue": "q", "worker": None, "started_at": None}
    task = planned.task
    values = {"id": key, "run": 1, "task_id": task.task_id, "map_index": index, "rank": task.rank}
    return LockedInstance(**values, **rest, **place, **counters._asdict())


def model(case: Drawn) -> dict[Instance, str]:
    """Say how each instance ends."""
    found: dict[Instance, str] = {}
    for task in case.graph.tasks.values():
        for name, index in [each for each in case.ends if each[0] == task.task_id]:
            found[name, index] = _end(case, task, index, found)
    return found


def _end(case, task, index, found) -> str:
    above = {upper: _seen(case, upper, task, index, found) for upper in task.upstream}
    states = [state for each in above.values() for state in each]
    needed = [state for upper in task.setups for state in _seen(case, upper, task, index, found)]
    if task.is_teardown and needed:
        if "success" not in needed:
            return "skipped" if set(needed) == {"skipped"} else "upstream_failed"
    elif BAD & set(needed):
        return "upstream_failed"
    elif "skipped" in needed:
        return "skipped"
    return _by_rule(task.trigger_rule, states) or case.ends[task.task_id, index]


def _seen(case, upper, task, index, found) -> list[str]:
    """Return the states that an instance sees of a task: of its own index, where both are in the group."""
    is_beside = task.mapped_group and case.graph.tasks[upper].mapped_group == task.mapped_group
    return [state for (name, at), state in found.items() if name == upper and (not is_beside or at == index)]


def _by_rule(rule: str, states: list[str]) -> str | None:
    """Return how the rule ends an instance, None where it lets it run."""
    bad, skipped = bool(BAD & set(states)), "skipped" in states
    fine = "success" in states
    if not states:
        return None
    return {
        "all_success": "upstream_failed" if bad else "skipped" if skipped else None,
        "all_failed": "skipped" if fine or skipped else None,
        "all_done": None,
        "all_done_setup_success": None,
        "all_skipped": "skipped" if fine or bad else None,
        "none_failed": "upstream_failed" if bad else None,
        "none_skipped": "skipped" if skipped else None,
        "all_done_min_one_success": None if fine else "upstream_failed" if bad else "skipped",
    }[rule]


def is_by_luck(case: Drawn, ends: Mapping[Instance, str], among: Collection[str] | None = None) -> bool:
    """Whether two things meet of which the first decides, here as in Airflow: a failure and a skip, or a rule and a setup."""
    for task in case.graph.tasks.values():
        if among is not None and task.task_id not in among:
            continue
        near = {state for (name, _), state in ends.items() if name in {*task.upstream, *task.setups}}
        if BAD & near and "skipped" in near and (task.trigger_rule == "all_success" or task.setups):
            return True
        needed = {state for (name, _), state in ends.items() if name in task.setups}
        if needed - {"success"} and not task.is_teardown and task.trigger_rule != "all_done":
            return True
    return False


def stopped(case: Drawn, before: Mapping[Instance, str], failed: Instance) -> dict[Instance, str]:
    """Say how a run ends that stops at its first failure: what had not ended is skipped, but for what cleans up.

    The other instances of a mapped task go on, as in Airflow.
    """
    found: dict[Instance, str] = {}
    for (name, index), state in before.items():
        task = case.graph.tasks[name]
        if (name, index) == failed:
            found[name, index] = "failed"
        elif state in ENDED:
            found[name, index] = state
        elif name == failed[0] and state == "scheduled":
            found[name, index] = case.ends[name, index]
        elif name == failed[0] or task.is_teardown:
            found[name, index] = _end(case, task, index, found)
        else:
            found[name, index] = "skipped"
    return found


@settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**40))
def test_drawn_runs_end_as_the_model_says(graph, seed):
    case = drawn(random.Random(seed), graph)  # noqa: S311  (repeatable, not secret)
    run = InMemory(case.graph)
    step, expected, among = case.order, None, None
    while ready := run.ready():
        row = ready[step % len(ready)]
        step = step * 31 + 7
        end, before = case.ends[row.task_id, row.map_index], run.states()
        run.end(row, end)
        is_stop = case.graph.fail_stop and end == "failed" and not case.graph.tasks[row.task_id].is_teardown
        if is_stop and expected is None:
            expected = stopped(case, before, (row.task_id, row.map_index))
            among = {row.task_id}  # for all others the stop alone decides
    expected = expected or model(case)
    if not is_by_luck(case, expected, among):
        assert run.states() == expected
    counted = Counted(case.graph, run.rows.values())
    for row in run.rows.values():
        assert counters_of(row) == counted.of(row.task_id, row.map_index)
