"""Whatever mix of ends, clears and marks a run goes through, its counters equal a recount, and it comes to an end."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tradewind.metadata import tables
from tradewind.metadata.statements import continuations
from tradewind.transitions import marking, recount

CASES = int(os.environ.get("TRADEWIND_BY_HAND_CASES", "12"))
STEPS = 25
RULES = ("all_success", "all_done", "none_failed", "one_failed", "one_success", "none_failed_min_one_success")


class Play:
    """One run, and people who cannot leave it alone; what happens comes from a seed."""

    def __init__(self, world: Any, graph: Any, pushed: Any, seed: int) -> None:
        self.world, self.pushed, self.rng = world, pushed, random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.shape = self._draw(graph, f"d{seed}")
        self.run = world.begin(self.shape)
        self.tickets: list[Any] = []

    def _draw(self, graph: Any, dag_id: str) -> Any:
        rng = self.rng
        names = [f"t{n}" for n in range(rng.randint(3, 6))]
        edges = [(names[a], names[b]) for b in range(len(names)) for a in range(b) if rng.random() < 0.4]
        options: dict[str, Any] = {
            name: {"trigger_rule": rng.choice(RULES), "is_empty": rng.random() < 0.2, "retries": rng.randint(0, 1)}
            for name in names
        }
        for name in ("each", "also"):
            options[name] = {"expand": (("x", (names[0], "return_value")),), "mapped_group": "g"}
        options[names[0]]["is_empty"] = False
        edges += [(names[0], "each"), ("each", "also"), ("also", "last"), ("make", "last")]
        options["make"] = {"is_setup": True, "in_scope": ("last",)}
        options["last"] = {"is_teardown": True, "trigger_rule": "all_done_setup_success", "setups": ("make",)}
        return graph(edges, dag_id=dag_id, tasks=names, **options)

    def some(self) -> list[str]:
        names = list(self.shape.tasks)
        return self.rng.sample(names, self.rng.randint(1, len(names)))

    def start(self) -> None:
        self.world.database.write(lambda c: recount.start_queued(c, self.run, **self.world.tools))

    def take(self) -> None:
        self.world.clock.pass_(seconds=60)
        self.world.release()
        self.tickets += self.world.tickets(self.run)

    def end(self, *states: str) -> None:
        if self.tickets:
            ticket = self.tickets.pop(self.rng.randrange(len(self.tickets)))
            pushed = (self.pushed(self.rng.randint(0, 3)),) if ticket.task_id == "t0" else ()
            self.world.finish(ticket, self.rng.choice(states), xcoms=pushed)

    def clear(self) -> None:
        self.world.clear(self.run, *self.some())

    def mark(self) -> None:
        state, names = self.rng.choice(marking.TASK_MARKS), self.some()
        indexes = self.rng.choice((None, [-1, 0]))
        self.world.database.write(
            lambda c: marking.mark_tasks(c, self.run, names, state, map_indexes=indexes, **self.world.tools)
        )

    def mark_run(self) -> None:
        state = self.rng.choice(marking.RUN_MARKS)
        self.world.database.write(lambda c: marking.mark_run(c, self.run, state, **self.world.tools))

    def step(self) -> str:
        self.rng.choice(
            [self.start, self.take, self.take, self.clear, self.mark, self.mark_run, self.world.go_on]
            + [lambda: self.end("success", "failed", "skipped")] * 4
        )()
        return self.world.run_state(self.run)

    def check(self) -> None:
        with self.world.database.read() as conn:
            if continuations.of_run(conn, self.run):
                return
        assert self.world.differences(self.run, self.shape) == []
        states = set(self.world.states(self.run).values())
        is_over = self.world.run_state(self.run) in {"success", "failed"}
        assert not is_over or states <= {"success", "failed", "skipped", "upstream_failed", "removed"}

    def finish(self) -> None:
        for _ in range(200):
            if self.world.run_state(self.run) in {"success", "failed"}:
                return
            self.start()
            self.world.go_on()
            self.take()
            while self.tickets:
                self.end("success")
        pytest.fail(f"it does not come to an end: {self.world.states(self.run)}")


@settings(
    max_examples=CASES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
    database=None,
)
@given(seed=st.integers(0, 10**9))
def test_counters_equal_a_recount_and_the_run_comes_to_its_end(small_world, graph, pushed, seed):
    world = small_world
    for table in reversed(tables.metadata.sorted_tables):
        if table.name != "pool":
            world.database.write(lambda c, table=table: c.execute(table.delete()))
    world.add_worker(slots=50)
    play = Play(world, graph, pushed, seed)
    for _ in range(STEPS):
        play.step()
        play.check()
    play.finish()
    play.check()
