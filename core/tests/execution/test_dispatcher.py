"""The dispatcher with an executor that the test plays, on a real database: which tickets it gives, and what follows from hints."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from textwrap import dedent
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from tradewind.dispatching.desk import Desk
from tradewind.dispatching.dispatcher import Dispatcher
from tradewind.metadata import tables
from tradewind.metadata.statements import dispatches, drains, listings
from tradewind.metadata.wakeups import open_wakeups
from tradewind.transitions import daemons
from tradewind.transitions.daemons import Leases
from tradewind.transitions.marking import mark_tasks
from tradewind.transitions.tickets import claim_ticket, ticket_nonce
from tradewind.transitions.values import Claimer, Outcome
from tradewind.transitions.why import Why
from tradewind_plugins.contracts.executor import Capacity, Executor, Hint, Submission, Ticket

NAME = "TownExecutor"
FLOW = """
from tradewind import DAG
from tradewind.operators.bash import BashOperator

with DAG("flow"):
    for name, weight in (("low", 1), ("high", 9), ("middle", 5)):
        BashOperator(
            task_id=name, bash_command="true", executor="TownExecutor", queue=f"q-{name}", weight_rule="absolute",
            priority_weight=weight, executor_config={"of": name}, retries=2, retry_delay=0,
        )
"""


@dataclass
class Town(Executor):
    """Takes tickets and does nothing with them but what the test says."""

    taken: list[Ticket] = field(default_factory=list)
    cancelled: list[Ticket] = field(default_factory=list)
    hints: list[Hint] = field(default_factory=list)
    alive: list[Ticket] | None = None
    refused: dict[int, str] = field(default_factory=dict)
    is_away: bool = False
    room: Capacity = field(default_factory=lambda: Capacity(free=None))
    is_complete: bool = False

    @property
    def lists_all(self) -> bool:  # type: ignore[override]
        return self.is_complete

    def submit(self, tickets):
        if self.is_away:
            raise ConnectionError("the town cannot be reached")
        answers = [
            Submission(ticket=each, accepted=each.instance not in self.refused, reason=self.refused.get(each.instance))
            for each in tickets
        ]
        self.taken += [each.ticket for each in answers if each.accepted]
        return answers

    def cancel(self, tickets):
        self.cancelled += tickets

    def observe(self):
        hints, self.hints = self.hints, []
        return hints

    def list_alive(self):
        return self.taken if self.alive is None else self.alive

    def capacity(self):
        return self.room


class Shifted:
    """The real clock, set forward by the test."""

    def __init__(self, clock):
        self.clock = clock
        self.by = timedelta()

    def now(self):
        return self.clock.now() + self.by

    def sql_now(self):
        return self.clock.sql_now()


class Office:
    """A dispatcher, its executor, and its own time."""

    def __init__(self, house, town=None):
        self.house = house
        self.town = town or Town()
        self.seconds = 0.0
        self.clock = Shifted(house.clock)
        self.mouth = open_wakeups(house.database, house.home)
        self.dispatcher = Dispatcher(
            Desk(
                executor=self.town,
                name=NAME,
                slots=8,
                database=house.database,
                graphs=house.graphs,
                clock=self.clock,
                ids=house.ids,
                leases=Leases(),
                renew_every=3.0,
                mouth=self.mouth,
            ),
            now=lambda: self.seconds,
        )
        self.dispatcher.register()

    def turn(self, seconds=10.0):
        """A turn, so much later that all is due, with what schedulers do before it."""
        self.seconds += seconds
        self.clock.by += timedelta(seconds=seconds)
        self.dispatcher.turn()
        self.house.admit()
        self.seconds += 1.0
        self.dispatcher.turn()

    def take(self):
        """Return the tickets that came since the last call."""
        taken, self.town.taken = self.town.taken, []
        return taken

    def claim(self, ticket, *, nonce=None, worker=None):
        """Claim a ticket as the process does where it got to; return the worker."""
        house, worker = self.house, worker or f"far-{uuid4().hex[:24]}"
        register = {"kind": "worker", "host": "h", "pid": 1, "executor": NAME, "slots": None}
        house.database.write(
            lambda c: daemons.register(c, daemon_id=worker, clock=house.clock, leases=Leases(), **register)
        )
        claimer = Claimer(worker, NAME, 1, nonce or ticket_nonce())
        claimed = house.database.write(
            lambda c: claim_ticket(c, ticket.instance, ticket.token, claimer, clock=house.clock)
        )
        return worker if claimed is not None else None

    def end(self, ticket, state="success"):
        outcome = Outcome(ticket.instance, ticket.token, state, self.house.clock.now())
        self.house.report([outcome])

    def sent(self):
        with self.house.database.read() as conn:
            return dispatches.sent(conn, NAME)


@pytest.fixture
def office(house: Any):
    house.deploy(dedent(FLOW))
    made = Office(house)
    yield made
    made.mouth.close()


@pytest.fixture
def small_office(small_house: Any):
    small_house.deploy(dedent(FLOW))
    made = Office(small_house)
    yield made
    made.mouth.close()


def by_task(office, run):
    return {row.id: name for name, row in office.house.instances(run).items()}


def test_tickets_are_given_once_the_most_important_first(office):
    office.turn()
    run = office.house.start_run()
    office.turn(1.0)
    names = by_task(office, run)
    taken = office.take()
    assert [names[each.instance] for each in taken] == ["high", "middle", "low"]
    assert [(each.queue, each.options) for each in taken] == [
        (f"q-{name}", {"of": name}) for name in ("high", "middle", "low")
    ]
    assert {each.token for each in taken} == {1}
    office.turn(1.0)
    assert office.take() == []
    assert [(each.attempts, each.is_queued, each.is_running) for each in office.sent()] == [(1, True, False)] * 3


def test_a_ticket_is_claimed_once_and_forgotten_when_its_try_is_over(office):
    office.turn()
    run = office.house.start_run()
    office.turn(1.0)
    first, *others = office.take()
    office.town.alive = [first, *others]
    assert office.claim(first)
    assert office.claim(first, worker="second") is None
    late = Ticket(instance=first.instance, token=first.token + 1)
    assert office.claim(late, worker="late") is None
    office.turn(10.0)
    assert [each.is_running for each in office.sent()].count(True) == 1
    office.end(first)
    office.town.alive = others
    office.turn(10.0)
    assert {each.instance for each in office.sent()} == {each.instance for each in others}
    assert office.town.cancelled == []
    assert office.house.states(run)[by_task(office, run)[first.instance]] == "success"


def test_what_the_executor_refuses_fails_and_is_not_tried_again(office):
    office.turn()
    run = office.house.start_run()
    refused = office.house.instances(run)["middle"]
    office.town.refused = {refused.id: "pod_override has no field 'speck'\nat all"}
    office.turn(1.0)
    assert len(office.take()) == 2
    (ended,) = office.house.tries(run, "middle")
    assert (ended.state, ended.cause) == (
        "failed",
        "TownExecutor refused it: pod_override has no field 'speck' at all [task-not-started]",
    )
    assert office.house.states(run)["middle"] == "failed"


def test_an_executor_that_is_away_gets_its_tickets_later(small_office, caplog):
    office = small_office
    office.turn()
    office.house.start_run()
    office.town.is_away = True
    office.turn(1.0)
    assert (office.take(), office.sent()) == ([], [])
    assert "TownExecutor cannot take 3 tickets on just now: the town cannot be reached" in caplog.text
    office.town.is_away = False
    office.turn(1.0)
    assert len(office.take()) == 3


def test_no_more_is_sent_than_there_is_room_for(small_office):
    office = small_office
    office.town.room = Capacity(free=2, total=2)
    office.turn()
    office.house.start_run()
    office.turn(0.5)
    assert len(office.take()) >= 2
    office.town.room = Capacity(free=0, total=2)
    office.turn(1.0)
    assert len(office.sent()) <= 3


def why(office, run, task_id):
    with office.house.database.read() as conn:
        (row,) = listings.list_runs(conn, key=run)
        return Why(conn, office.house.graphs, office.house.clock).task(row, task_id, -1)


def test_one_sentence_says_where_a_ticket_is(small_office):
    office = small_office
    office.turn()
    run = office.house.start_run()
    assert why(office, run, "high").startswith("8 of 8 slots are free")
    office.turn(1.0)
    assert re.fullmatch(
        r"TownExecutor has its ticket since \S+: no process there has begun it yet\.", why(office, run, "high")
    )
    office.town.alive = []
    office.turn(100.0)
    assert ", sent 2 times: no process there has begun it yet." in why(office, run, "high")


def slots_offered(office):
    d = tables.daemon.c
    with office.house.database.read() as conn:
        return {
            row.id: row.slots
            for row in conn.execute(sa.select(d.id, d.slots).where(d.executor == NAME, d.ended_at.is_(None)))
        }


def test_of_two_dispatchers_one_sends_and_the_other_follows_it(small_office):
    first = small_office
    second = Office(first.house)
    first.turn()
    second.turn()
    assert slots_offered(first) == {first.dispatcher.id: 8, second.dispatcher.id: 0}
    first.house.start_run()
    second.turn(3.0)
    first.turn(3.0)
    assert (len(first.take()), second.take()) == (3, [])
    first.dispatcher.leave()
    second.town.alive = []
    second.turn(1000.0)
    assert slots_offered(first) == {second.dispatcher.id: 8}
    assert len(second.take()) == 3, "what the first one sent is not known there, and nobody has claimed it"
    second.mouth.close()


def test_a_drained_dispatcher_sends_nothing(small_office):
    office = small_office
    office.turn()
    office.house.start_run()
    drain = {"id": 1, "kind": "worker", "name": office.dispatcher.id, "drained_at": office.house.clock.now()}
    office.house.database.write(lambda c: drains.add(c, drain))
    office.turn(1.0)
    assert office.take() == []


def test_what_is_gone_is_taken_from_its_process_at_once(office):
    office.turn()
    run = office.house.start_run()
    office.turn(1.0)
    first, second, _ = office.take()
    worker = office.claim(first)
    by_hand = office.claim(second, nonce="f3a1", worker="hand")
    office.town.hints = [
        Hint(instance=each.instance, token=each.token, kind="gone", exit_code=137, detail="Evicted")
        for each in (first, second)
    ]
    office.turn(1.0)
    names = by_task(office, run)
    (ended,) = office.house.tries(run, names[first.instance])
    assert (ended.state, ended.worker) == ("lost", worker)
    assert ended.cause == "TownExecutor says that its process is gone: Evicted, exit code 137 [task-lost]"
    assert office.house.states(run)[names[first.instance]] in {"up_for_retry", "scheduled", "queued"}
    assert office.house.states(run)[names[second.instance]] == "running", f"{by_hand} was no far end"


def test_a_ticket_that_vanishes_is_sent_again_and_fails_in_the_end(small_office):
    office = small_office
    office.turn()
    run = office.house.start_run()
    office.turn(1.0)
    first, *_ = office.take()
    for attempt in range(2, 6):
        office.town.hints = [Hint(instance=first.instance, token=first.token, kind="gone", detail="ErrImagePull")]
        office.turn(1.0)
        (again,) = office.take()
        assert (again.instance, again.token) == (first.instance, first.token)
        assert {each.instance: each.attempts for each in office.sent()}[first.instance] == attempt
    office.town.hints = [Hint(instance=first.instance, token=first.token, kind="gone", detail="ErrImagePull")]
    office.turn(1.0)
    name = by_task(office, run)[first.instance]
    (ended,) = office.house.tries(run, name)
    assert ended.cause == "TownExecutor lost it 5 times before it began: ErrImagePull [task-not-started]"
    assert office.house.states(run)[name] != "failed", "it has retries"


def test_a_ticket_that_the_executor_does_not_know_of_is_sent_again_later(small_office):
    office = small_office
    office.turn()
    office.house.start_run()
    office.turn(1.0)
    assert len(office.take()) == 3
    office.town.alive = []
    office.turn(20.0)
    assert office.take() == []
    office.turn(60.0)
    assert len(office.take()) == 3
    office.turn(60.0)
    assert office.take() == [], "twice as long"


def test_an_executor_that_lists_all_says_by_silence_what_is_gone(small_office):
    office = small_office
    office.town.is_complete = True
    office.turn()
    run = office.house.start_run()
    office.turn(1.0)
    first, second, third = office.take()
    office.claim(first)
    office.town.alive = [third]
    office.turn(11.0)
    again = {(each.instance, each.token) for each in office.take()}
    assert (second.instance, second.token) in again
    (ended,) = office.house.tries(run, by_task(office, run)[first.instance])
    assert ended.cause.startswith("TownExecutor says that its process is gone: it is not among what runs there")


def test_what_nobody_waits_for_any_more_is_called_back(small_office):
    office = small_office
    office.turn()
    run = office.house.start_run()
    office.turn(1.0)
    first, *_ = office.take()
    office.town.alive = [first]
    office.claim(first)
    house, name = office.house, by_task(office, run)[first.instance]
    mark = partial(mark_tasks, graphs=house.graphs, clock=house.clock, ids=house.ids)
    house.database.write(lambda c: mark(c, run, [name], "success"), collisions=True)
    office.turn(10.0)
    assert [(each.instance, each.token) for each in office.town.cancelled] == [(first.instance, first.token)]
    assert (first.instance, first.token) not in {(each.instance, each.token) for each in office.sent()}


def test_a_dispatcher_that_was_taken_for_dead_begins_anew(small_office):
    office = small_office
    office.turn()
    before = office.dispatcher.id
    house = office.house
    house.database.write(lambda c: daemons.end_daemon(c, before, "silent", clock=house.clock))
    office.turn()
    office.turn()
    assert before not in slots_offered(office)
    assert slots_offered(office) == {office.dispatcher.id: 8}


def test_statements_do_not_grow_with_what_waits(small_office, statements):
    office = small_office
    office.turn()
    counted = []
    for runs in (1, 1, 3):
        for _ in range(runs):
            office.house.start_run()
        office.seconds += 11.0  # all that is done now and then is done each time
        with statements.recorded(office.house.database):
            office.dispatcher.turn()
        counted.append(len(statements))
        assert len(office.take()) == 3 * runs
    assert counted[1] == counted[2] <= 8, "the first one reads the version too"
