"""Fast follow changes who starts a task and when, never how a run ends: the same runs with it and without it, compared.

On SQLite only: that the three databases do the same is what the other tests of this folder, and the simulation, are for.
"""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tradewind.metadata import tables
from tradewind.transitions.decision import RULES
from tradewind.transitions.states import TaskState
from tradewind.transitions.values import Ticket

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

RUNS = itertools.count()
MOST_TURNS = 150
ORDERLY = sorted(set(RULES) - {"all_success"})
"""Rules whose last word does not depend on the order of ends; `all_success` hears a failure or a skip, whichever is first."""
DATABASES = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@st.composite
def graphs(draw: Any, rules: list[str], *, is_branching: bool) -> dict[str, Any]:
    """Edges, options of tasks, and a seed for what their code does."""
    count = draw(st.integers(1, 9))
    edges, options = [], {}
    for number in range(count):
        above = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        edges += [(f"t{each}", f"t{number}") for each in sorted(above)]
        expand = draw(
            st.sampled_from([None] * 5 + [[("x", 0)], [("x", 3)]] + [[("x", (f"t{a}", "return_value"))] for a in above])
        )
        options[f"t{number}"] = {
            "trigger_rule": draw(st.sampled_from(rules)),
            "retries": draw(st.integers(0, 2)),
            "pool": draw(st.sampled_from(["default_pool", "narrow"])),
            "priority": draw(st.integers(1, 3)),
            "is_empty": expand is None and draw(st.booleans()) and draw(st.booleans()),
            "expand": expand,
        }
    branches = draw(st.sets(st.integers(0, count - 1), max_size=2)) if is_branching else set()
    states = ["success"] * 4 + ["failed"] * 2 + ["skipped"] * draw(st.integers(0, 1)) + ["up_for_reschedule"]
    return {
        "edges": edges,
        "options": options,
        "branches": {f"t{n}" for n in branches},
        "states": states,
        "seed": draw(st.integers(0, 999)),
    }


class Play:
    """One run of a drawn graph, driven to its end."""

    def __init__(
        self, world: Any, graph: Any, pushed: Any, drawn: dict[str, Any], *, fast_follow: bool, slots: int
    ) -> None:
        self.world, self.drawn, self.fast_follow, self.pushed = world, drawn, fast_follow, pushed
        dag_id = f"d{next(RUNS)}"
        self.graph = graph(drawn["edges"], dag_id=dag_id, tasks=sorted(drawn["options"]), **drawn["options"])
        self.worker = f"worker of {dag_id}"
        world.add_worker(self.worker, slots=slots)
        self.slots = slots
        self.run = world.begin(self.graph, max_active_tasks=slots)
        self.live: dict[int, Ticket] = {}

    def to_the_end(self, rng: random.Random | None) -> None:
        """Let tries end in the order of the graph, or at random; start whatever can be started before each."""
        self._start()
        turns = 0
        while self.world.run_state(self.run) == "running":
            turns += 1
            assert turns < MOST_TURNS, f"the run does not end: {self.world.states(self.run)}"
            if not self.live:
                self.world.clock.pass_(seconds=600)
                self.world.release()
                self._start()
                continue
            ordered = sorted(self.live.values(), key=lambda each: (self.graph.tasks[each.task_id].rank, each.map_index))
            ticket = rng.choice(ordered) if rng else ordered[0]
            del self.live[ticket.instance]
            claimer = self.world.claimer(self.worker, free=self.slots - len(self.live))
            result = self.world.end(self._outcome(ticket), claimer=claimer, fast_follow=self.fast_follow)
            self._add(result.tickets)
            self._start()

    def _start(self) -> None:
        while self.world.go_on() + self._claim():
            pass

    def _claim(self) -> int:
        self.world.renew()
        free = self.slots - len(self.live)
        self.world.admit()
        found = self.world.claim(self.worker, free=free).values() if free else ()
        self._add(found)
        return len(found)

    def _add(self, tickets: Any) -> None:
        self.live |= {ticket.instance: ticket for ticket in tickets}

    def _outcome(self, ticket: Ticket) -> Any:
        name = f"{self.drawn['seed']} {ticket.task_id} {ticket.map_index} {ticket.token}"
        behaviour = random.Random(name)  # noqa: S311  (repeatable, not secret)
        state = behaviour.choice(self.drawn["states"])
        more: dict[str, Any] = {}
        if state == TaskState.UP_FOR_RESCHEDULE:
            more["due_at"] = self.world.clock.at
        if state == TaskState.SUCCESS:
            more["xcoms"] = (self.pushed(behaviour.choice([0, 1, 3]) if ticket.map_index < 0 else None),)
            if ticket.task_id in self.drawn["branches"]:
                below = self.graph.tasks[ticket.task_id].downstream
                more["skip"] = tuple(each for each in below if behaviour.random() < 0.5)
                more["skip_all"] = behaviour.random() < 0.3
        return self.world.outcome(ticket, state, **more)

    def story(self) -> dict[str, Any]:
        """Return all that can be seen of the run but times and ids."""
        i, t, x = tables.task_instance.c, tables.task_try.c, tables.xcom.c
        names = {
            each.id: (each.task_id, each.map_index)
            for each in self._rows(sa.select(i.id, i.task_id, i.map_index).where(i.run == self.run))
        }
        tries = sa.select(t.instance, t.token, t.try_number, t.state).where(t.instance.in_(names))
        pushed = sa.select(x.task_id, x.map_index, x.key, x.length).where(x.run == self.run)
        return {
            "run": self.world.run_state(self.run),
            "states": self.world.states(self.run),
            "tries": sorted((*names[row[0]], *row[1:]) for row in self._rows(tries)),
            "xcoms": sorted(map(tuple, self._rows(pushed)), key=repr),
        }

    def _rows(self, query: Any) -> list[Any]:
        with self.world.database.read() as conn:
            return list(conn.execute(query))


@pytest.fixture
def play(world, graph, pushed):
    world.add_pool("narrow", 2)

    def begun(drawn: dict[str, Any], **options: Any) -> Play:
        return Play(world, graph, pushed, drawn, **options)

    return begun


@DATABASES
@given(drawn=graphs(sorted(RULES), is_branching=True))
def test_the_same_ends_in_the_same_order_leave_the_same_rows(play, drawn):
    stories = []
    for fast_follow in (True, False):
        played = play(
            drawn | {"options": {k: v | {"pool": "default_pool"} for k, v in drawn["options"].items()}},
            fast_follow=fast_follow,
            slots=64,
        )
        played.to_the_end(None)
        stories.append(played.story())
    assert stories[0] == stories[1]


@DATABASES
@given(drawn=graphs(ORDERLY, is_branching=False), orders=st.tuples(st.integers(0, 99), st.integers(0, 99)))
def test_whatever_the_order_and_however_tight_the_slots_all_end_the_same(play, drawn, orders):
    ends = []
    for fast_follow, order in zip((True, False), orders, strict=True):
        played = play(drawn, fast_follow=fast_follow, slots=2)
        played.to_the_end(random.Random(order))  # noqa: S311  (repeatable, not secret)
        story = played.story()
        ends.append((story["run"], story["states"]))
    assert ends[0] == ends[1]
