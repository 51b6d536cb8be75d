"""Drawn DAGs, three runs each, on a real database, against a model in plain Python.

Beside what `test_model.py` has in memory: tasks mapped over XComs, also over those of mapped tasks; gates across runs; limits of
single tasks; and clears, after which everything that can go on goes on. The model goes through a run once, knowing how the one
before stands, and says in its own words what each task comes to.

Of `TRADEWIND_MODEL_CASES` one in 32 is drawn here, as each costs a database's time.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from tradewind.metadata import tables
from tradewind.serialization.scopes import scopes_of
from tradewind.transitions.graph import descendants, with_scopes
from tradewind.transitions.recount import start_queued
from tradewind.transitions.values import XComValue

CASES = int(os.environ.get("TRADEWIND_MODEL_CASES", "1000")) // 32
RULES = ("all_success",) * 4 + ("all_done", "none_failed", "none_skipped", "all_failed", "all_skipped")
RULES += ("all_done_min_one_success",)
BAD = {"failed", "upstream_failed"}
FINE = {"success", "skipped"}
OPEN = {"none", "waits"}
RUNS = 3
Instance = tuple[str, int]
States = dict[Instance, str]


@dataclass
class Case:
    """A drawn DAG, and what its code does.

    Arguments:
        rounds: how often each task of each run was cleared: it does something else then.
    """

    graph: object
    seed: int
    rounds: Counter = field(default_factory=Counter)

    def end(self, run: int, task_id: str, index: int) -> str:
        """How an instance ends if it runs."""
        rng = random.Random(f"{self.seed} {run} {task_id} {index} {self.rounds[run, task_id]}")  # noqa: S311
        return rng.choice(("success", "success", "success", "success", "failed", "skipped"))

    def length(self, run: int, task_id: str) -> int:
        """How long the list is that a task pushes."""
        rng = random.Random(f"{self.seed} length {run} {task_id} {self.rounds[run, task_id]}")  # noqa: S311
        return rng.randint(0, 3)


def drawn(seed: int, graph) -> Case:
    """Draw a DAG of up to six tasks."""
    rng = random.Random(seed)  # noqa: S311  (repeatable, not secret)
    names = [f"t{n}" for n in range(rng.randint(2, 6))]
    edges = [(a, b) for n, b in enumerate(names) for a in names[:n] if rng.random() < 0.4]
    options = {}
    for name in names:
        over = [(a, "return_value") for a, b in edges if b == name]
        options[name] = {"trigger_rule": rng.choice(RULES)}
        if over and rng.random() < 0.4:
            options[name]["expand"] = (("x", rng.choice(over)),)
        elif rng.random() < 0.15:
            options[name]["expand"] = (("x", rng.randint(0, 2)),)
        if rng.random() < 0.25:
            options[name] |= {"depends_on_past": True, "wait_for_downstream": rng.random() < 0.4}
        if rng.random() < 0.3:
            options[name][rng.choice(["max_active_tis_per_dag", "max_active_tis_per_dagrun"])] = 1
    if rng.random() < 0.3 and len(names) > 2:
        edges = with_setup(edges, options, names, rng.randrange(len(names) - 1))
    return Case(graph(edges, dag_id=f"d{seed}", tasks=names, **options), seed)


def with_setup(edges, options, names, at):
    """Make a task a setup and the last one its teardown; nothing is mapped over it."""
    setup, last = names[at], names[-1]
    options[setup] = {"trigger_rule": "all_success", "is_setup": True}
    options[last] = {"trigger_rule": "all_done_setup_success", "is_teardown": True}
    edges = list(dict.fromkeys([*edges, (setup, last)]))
    for name in names:
        if (setup, name) in edges and name != last:
            options[name]["trigger_rule"] = "all_success"
        over = options[name].get("expand", ((0, 0),))[0][1]
        if isinstance(over, tuple) and over[0] == setup:
            del options[name]["expand"]
    tasks = [{"task_id": name, "downstream": [b for a, b in edges if a == name], **options[name]} for name in names]
    for name, found in scopes_of(tasks, {name: [a for a, b in edges if b == name] for name in names}).items():
        options[name] |= {"setups": found.setups, "in_scope": found.in_scope}
    return edges


# --- The product


class Play:
    """The runs of a case, on a database that all cases share: what was there before has ended."""

    def __init__(self, world, case: Case) -> None:
        self.world, self.case = world, case
        self.rng = random.Random(f"play {case.seed}")  # noqa: S311
        world.database.write(_end_all)
        world.add_dag(case.graph)
        for task in case.graph.tasks.values():
            limits = {"per_dag": task.max_active_tis_per_dag, "per_run": task.max_active_tis_per_dagrun}
            if any(limits.values()):
                row = {"dag_id": case.graph.dag_id, "task_id": task.task_id, **limits}
                world.database.write(lambda c, row=row: c.execute(tables.task_limit.insert().values(row)))
        self.runs = []
        for n in range(RUNS):
            world.clock.pass_(days=1)
            self.runs.append(world.add_run(case.graph, run_id=f"r{n}", run_type="scheduled"))

    def to_rest(self) -> None:
        """Let everything end that can."""
        at_work = []
        while True:
            self.world.go_on()
            if self.world.let_on():
                continue
            at_work += self.world.tickets()
            self.require_limits()
            if not at_work:
                return
            ticket = at_work.pop(self.rng.randrange(len(at_work)))
            n = self.runs.index(ticket.run)
            end = self.case.end(n, ticket.task_id, ticket.map_index)
            length = self.case.length(n, ticket.task_id) if ticket.map_index < 0 else None
            xcoms = (XComValue("return_value", "[]", "list", 2, length),) if end == "success" else ()
            self.world.finish(ticket, end, retry=False, xcoms=xcoms)

    def require_limits(self) -> None:
        t = tables.task_instance.c
        query = sa.select(t.task_id, t.run, sa.func.count()).group_by(t.task_id, t.run)
        with self.world.database.read() as conn:
            found = conn.execute(
                query.where(t.dag_id == self.case.graph.dag_id, t.state.in_(["queued", "running"]))
            ).all()
        in_all = Counter()
        for task_id, _, count in found:
            task = self.case.graph.tasks[task_id]
            in_all[task_id] += count
            assert count <= (task.max_active_tis_per_dagrun or count)
            assert in_all[task_id] <= (task.max_active_tis_per_dag or in_all[task_id])

    def states(self, n: int) -> States:
        t = tables.task_instance.c
        query = sa.select(t.task_id, t.map_index, t.state).where(t.run == self.runs[n])
        with self.world.database.read() as conn:
            return {(task_id, index): state for task_id, index, state in conn.execute(query)}

    def clear(self, n: int, task_id: str) -> set[str]:
        """Clear a task with what comes after it, as people do, and return all that was cleared."""
        graph, run = self.case.graph, self.runs[n]
        named = descendants(graph, [task_id])
        self.world.clear(run, *named)
        self.world.database.write(lambda c: start_queued(c, run, **self.world.tools))
        cleared = with_scopes(graph, named)
        self.case.rounds.update((n, name) for name in cleared)
        return cleared


def _end_all(conn) -> None:
    """End what another case has left, which may wait for ever."""
    t, r = tables.task_instance, tables.dag_run
    conn.execute(t.update().where(t.c.state.in_(["none", "scheduled", "queued", "running"])).values(state="skipped"))
    conn.execute(r.update().where(r.c.state.in_(["queued", "running"])).values(state="failed"))
    conn.execute(tables.past_gate.delete())
    conn.execute(tables.continuation.delete())


# --- The model


class Model:
    """What becomes of one run.

    Arguments:
        before: the run before, by task: the states of its instances; None for the first run.
        kept: instances that stay as they are, as they had ended and nobody cleared them.
        shape: indexes of tasks that were expanded before and stay so.
    """

    def __init__(self, case: Case, n: int, before: States | None, kept: States, shape: Mapping[str, list[int]]) -> None:
        self.case, self.n, self.before, self.kept, self.shape = case, n, before, kept, shape
        self.found: States = {}
        self.is_by_luck = False

    def states(self) -> States:
        """Go through the tasks in their order."""
        for task in self.case.graph.tasks.values():
            kept = {key: state for key, state in self.kept.items() if key[0] == task.task_id}
            if kept:
                self.found |= kept
                continue
            for index in self._indexes(task):
                self._decide(task, index)
        return {key: "none" if state == "waits" else state for key, state in self.found.items()}

    def _indexes(self, task) -> list[int]:
        if task.task_id in self.shape:
            return self.shape[task.task_id]
        literal = task.expand[0][1] if task.expand and isinstance(task.expand[0][1], int) else 0
        return list(range(literal)) or [-1]

    def _of(self, names) -> list[str]:
        return [state for (name, _), state in self.found.items() if name in names]

    def _decide(self, task, index: int) -> None:
        states, setups = self._of(task.upstream), self._of(task.setups)
        self._note_luck(task, states, setups)
        looks = [by_setups(task, setups), by_rule(task.trigger_rule, states)]
        # A teardown asks for its setups when all before it is done; all others are ended by a setup at once
        first, then = reversed(looks) if task.is_teardown else looks
        end = first or then
        if end is not None:
            self.found[task.task_id, index] = end
        elif task.depends_on_past and not self._is_let(task):
            self.found[task.task_id, index] = "waits"
        elif task.expand and index < 0:
            self._expand(task)
        else:
            self.found[task.task_id, index] = self.case.end(self.n, task.task_id, index)

    def _note_luck(self, task, states, setups) -> None:
        """Note where the first of two things decides, so that the model does not know."""
        near = set(states) | set(setups)
        is_mixed = BAD & near and "skipped" in near and (task.trigger_rule == "all_success" or task.setups)
        is_met = set(setups) - {"success"} and not task.is_teardown and task.trigger_rule != "all_done"
        self.is_by_luck |= bool(is_mixed or is_met)

    def _is_let(self, task) -> bool:
        """Whether the run before lets a task begin: its own instances there, and perhaps what came after them."""
        if self.before is None:
            return True
        names = {task.task_id, *(task.downstream if task.wait_for_downstream else ())}
        return all(state in FINE for (name, _), state in self.before.items() if name in names)

    def _expand(self, task) -> None:
        count, end = self._length(task)
        if count:
            for index in range(count):
                self.found[task.task_id, index] = self.case.end(self.n, task.task_id, index)
        else:
            self.found[task.task_id, -1] = end

    def _length(self, task) -> tuple[int, str]:
        """Return how many instances a mapped task has, and its end where it has none."""
        source = task.expand[0][1]
        if isinstance(source, int):
            return 0, "skipped"
        above = self.case.graph.tasks[source[0]]
        states = set(self._of([source[0]]))
        if states == {"skipped"}:
            return 0, "skipped"
        if above.expand is None:
            if states <= BAD:
                return 0, "upstream_failed"
            return self.case.length(self.n, source[0]), "skipped"
        is_over_list = isinstance(above.expand[0][1], int)
        if states == {"upstream_failed"} and not is_over_list:
            return 0, "upstream_failed"
        pushed = [
            key for key, state in self.found.items() if key[0] == source[0] and state == "success" and key[1] >= 0
        ]
        return len(pushed), "skipped"


def by_setups(task, setups: list[str]) -> str | None:
    """Return how the setups of a task end it, or have it wait; None where they do not."""
    if not setups:
        return None
    if task.is_teardown:
        if "success" in setups or OPEN & set(setups):
            return None
        return "skipped" if set(setups) == {"skipped"} else "upstream_failed"
    if BAD & set(setups):
        return "upstream_failed"
    if "skipped" in setups:
        return "skipped"
    return "none" if OPEN & set(setups) else None


def by_rule(rule: str, states: list[str]) -> str | None:
    """Return how the rule ends an instance, `none` where it goes on waiting, None where it lets it run."""
    if not states:
        return None
    bad, skipped, fine = bool(BAD & set(states)), "skipped" in states, "success" in states
    early = {
        "all_success": "upstream_failed" if bad else "skipped" if skipped else None,
        "all_failed": "skipped" if fine or skipped else None,
        "all_skipped": "skipped" if fine or bad else None,
        "none_failed": "upstream_failed" if bad else None,
        "none_skipped": "skipped" if skipped else None,
    }.get(rule)
    if early is not None:
        return early
    if OPEN & set(states):
        return "none"
    if rule == "all_done_min_one_success" and not fine:
        return "upstream_failed" if bad else "skipped"
    return None


# --- Both


def expected_of(case: Case, kept: list[States], shapes: list[dict[str, list[int]]]) -> tuple[list[States], bool]:
    """Return what the model says of all runs, and whether luck plays a part in any."""
    found: list[States] = []
    is_by_luck = False
    for n in range(RUNS):
        model = Model(case, n, found[-1] if found else None, kept[n], shapes[n])
        found.append(model.states())
        is_by_luck |= model.is_by_luck
    return found, is_by_luck


def test_drawn_runs_and_clears_end_as_the_model_says(small_world, graph):
    sa.event.listen(small_world.database.engine, "connect", _without_sync)
    small_world.add_worker(slots=200)
    for seed in range(CASES):
        case = drawn(seed, graph)
        play = Play(small_world, case)
        play.to_rest()
        expected, is_by_luck = expected_of(case, [{}] * RUNS, [{}] * RUNS)
        first = [play.states(n) for n in range(RUNS)]
        assert is_by_luck or first == expected, f"case {seed}"
        _clear_one(play, case, first, seed)
        for run in play.runs:
            assert small_world.differences(run, case.graph) == [], f"case {seed}"


def _without_sync(driver, _record) -> None:
    """Let no commit wait for the disk: nothing here is to outlast the test."""
    driver.execute("PRAGMA synchronous = OFF")


def _clear_one(play: Play, case: Case, first: list[States], seed: int) -> None:
    n, task_id = play.rng.randrange(RUNS), play.rng.choice(list(case.graph.tasks))
    cleared = play.clear(n, task_id)
    play.to_rest()
    kept = [{key: state for key, state in each.items() if state != "none"} for each in first]
    shapes = [_shape(case, each, set()) for each in first]
    kept[n] = {key: state for key, state in kept[n].items() if key[0] not in cleared}
    shapes[n] = _shape(case, first[n], cleared)
    expected, is_by_luck = expected_of(case, kept, shapes)
    assert is_by_luck or [play.states(each) for each in range(RUNS)] == expected, (
        f"case {seed}, {task_id} of {n} cleared"
    )


def _shape(case: Case, states: States, cleared: set[str]) -> dict[str, list[int]]:
    """Return the indexes of tasks that are expanded, and stay so after a clear."""
    found: dict[str, list[int]] = {}
    for task_id, index in sorted(states):
        expand = case.graph.tasks[task_id].expand
        is_void = expand and not isinstance(expand[0][1], int) and expand[0][1][0] in cleared and task_id in cleared
        if index >= 0 and not is_void:
            found.setdefault(task_id, []).append(index)
    return found
