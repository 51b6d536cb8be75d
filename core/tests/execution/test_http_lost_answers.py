"""Calls over HTTP that get lost, are made twice, or arrive late: the rows are those of a worker beside the database."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tradewind.execution.direct_lifecycle import DirectLifecycle
from tradewind.execution.http.connection import NotAdmitted, ServerConnection
from tradewind.execution.http.lifecycle import Caller, HttpLifecycle
from tradewind.execution.http.tokens import Keys
from tradewind.execution.lifecycle import Unreachable
from tradewind.execution.messages import Start
from tradewind.execution.settings import spool_path, worker_settings
from tradewind.execution.spool import Spool
from tradewind.metadata import tables
from tradewind.transitions.recording import ALREADY_RECORDED
from tradewind.transitions.states import TaskState
from tradewind.transitions.values import Outcome, XComValue

Employ = Callable[..., Any]
SECRET = "planted-execution-secret-0123456789abcdef"
CHAINS = """
from tradewind import DAG, task
with DAG('flow'):
    for chain in range(3):
        last = None
        for link in range(3):
            retries = 1 if link == 1 else 0
            task_ = task(task_id=f"link_{chain}_{link}", retries=retries, retry_delay=0.0)(lambda: None)()
            if last is not None:
                last >> task_
            last = task_
"""
NO, BEFORE, AFTER, TWICE, LATE = "no", "before", "after", "twice", "late"
"""What becomes of a call: it is lost on its way, its answer is, it arrives twice, or after others that were made later."""


@dataclass
class Network:
    """What lies between: what becomes of each next call."""

    faults: list[str] = field(default_factory=list)
    late: list[Callable[[], object]] = field(default_factory=list)

    def deliver_late(self) -> None:
        """Let what is under way arrive, though nobody waits for it any more."""
        late, self.late = self.late, []
        for each in late:
            with suppress(NotAdmitted):  # what a try asked that has ended meanwhile
                each()


class Faulty(ServerConnection):
    """A connection over such a network."""

    network: Network

    def call(self, method: str, path: str, token: str, body: Any = None) -> dict[str, Any]:
        made = super().call
        fault = self.network.faults.pop(0) if self.network.faults else NO
        if fault == LATE:
            self.network.late.append(lambda: made(method, path, token, body))
        if fault in {BEFORE, LATE}:
            raise Unreachable(f"lost {fault}")
        if fault == TWICE:
            made(method, path, token, body)
        found = made(method, path, token, body)
        if fault == AFTER:
            raise Unreachable("the answer is lost")
        return found


@pytest.fixture(scope="module")
def served_house(
    sqlite_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
    make_house: Callable[..., Any],
    served: Callable[..., Any],
) -> Iterator[Any]:
    """A house on SQLite and the URL of its web server."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "tradewind.db").write_bytes(sqlite_template.read_bytes())
    for house in make_house(f"sqlite:///{folder}/tradewind.db", folder):
        house.deploy(CHAINS)
        with served(house) as app:
            yield house, app.url


@contextmanager
def connected(house: Any, url: str, worker: str, folder: Path, network: Network) -> Iterator[HttpLifecycle]:
    """Yield the lifecycle of a worker whose home is elsewhere."""
    config = dataclasses.replace(house.config, home=folder)
    server = Faulty(dataclasses.replace(config.worker, server=url))
    server.network = network
    caller = Caller(server, Keys(SECRET), worker)
    with closing(server):
        yield HttpLifecycle(worker_settings(config, worker), caller, caller.terms())


def direct(house: Any, worker: str) -> DirectLifecycle:
    tools = {"graphs": house.graphs, "clock": house.clock, "ids": house.ids}
    return DirectLifecycle(worker_settings(house.config, worker), house.config, house.database, **tools)


def ending(start: Start) -> Outcome:
    """Middle links fail at first; whoever succeeds leaves a value."""
    now = datetime.now(timezone.utc)
    if start.task_id.endswith("_1") and start.try_number == 1:
        return Outcome(start.instance, start.token, TaskState.FAILED, now, cause="not yet")
    pushed = XComValue("return_value", f'"{start.task_id} {start.try_number}"', "str", 9)
    return Outcome(start.instance, start.token, TaskState.SUCCESS, now, xcoms=(pushed,))


def until_over(house: Any, hands: Any, run: int) -> None:
    hands.slots = 3
    for _ in range(40):
        hands.turn()
        hands.end_one()
        hands.renew()
        house.admit()
        if house.run_state(run) == "success" and hands.desk.is_idle:
            return
    raise AssertionError(house.states(run))


def rows(house: Any, run: int) -> Mapping[str, Any]:
    """Return what a run has left, without what differs from run to run."""
    i, x, t = tables.task_instance.c, tables.xcom.c, tables.task_try.c
    with house.database.read() as conn:
        instances = conn.execute(
            sa.select(i.task_id, i.state, i.try_number, i.token).where(i.run == run).order_by(i.task_id)
        ).all()
        xcoms = conn.execute(sa.select(x.task_id, x.key, x.value).where(x.run == run).order_by(x.task_id, x.key)).all()
        tries = conn.execute(
            sa.select(i.task_id, t.token, t.try_number, t.state, t.cause)
            .join_from(tables.task_instance, tables.task_try, t.instance == i.id)
            .where(i.run == run)
            .order_by(i.task_id, t.token)
        ).all()
    said = [row for row in xcoms if row.key != "said"]  # which tries say so is drawn
    return {"state": house.run_state(run), "instances": instances, "xcoms": said, "tries": tries}


FAULT = st.sampled_from([NO, BEFORE, AFTER, TWICE, LATE])
STEP = st.tuples(st.lists(FAULT, max_size=3), st.integers(0, 2), st.integers(0, 3), st.sampled_from("rpl "))


@given(steps=st.lists(STEP, max_size=10))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_network_does_the_rows_are_those_of_direct_calls(
    served_house: Any, employ: Employ, tmp_path: Path, steps: Sequence[Any]
) -> None:
    house, url = served_house
    network, name = Network(), f"w-{house.ids.nonce()}"
    with connected(house, url, name, tmp_path, network) as lifecycle:
        run = play(house, employ(lifecycle, tmp_path / f"{name}.journal", ending), network, steps)
    other = f"d-{house.ids.nonce()}"
    beside_it = employ(direct(house, other), tmp_path / f"{other}.journal", ending)
    beside_it.lifecycle.register()
    again = house.start_run()
    until_over(house, beside_it, again)
    assert rows(house, run) == rows(house, again)


def play(house: Any, hands: Any, network: Network, steps: Sequence[Any]) -> int:
    """Do these steps and bring the run to its end; return its key."""
    hands.lifecycle.register()
    run: int = house.start_run()
    for faults, ended, slots, beside in steps:
        network.faults = list(faults)
        for _ in range(ended):
            hands.end_one()
        hands.slots = slots
        hands.turn()
        try:
            {"r": hands.renew, "p": hands.push_one, "l": network.deliver_late, " ": house.admit}[beside]()
        except Unreachable:
            house.admit()
    network.faults = []
    network.deliver_late()
    until_over(house, hands, run)
    assert len(hands.started) == len(set(hands.started)) == 12, "every try was started, and once"
    return run


def test_an_exchange_that_arrives_after_its_repetition_leaves_no_try_unstarted(
    served_house: Any, employ: Employ, tmp_path: Path
) -> None:
    house, url = served_house
    network, name = Network(), f"w-{house.ids.nonce()}"
    with connected(house, url, name, tmp_path, network) as lifecycle:
        hands = employ(lifecycle, tmp_path / "journal", ending)
        lifecycle.register()
        run = house.start_run()
        hands.slots, network.faults = 1, [LATE]
        hands.turn()
        hands.turn()
        assert len(hands.running) == 1
        network.deliver_late()  # claims one more, and nobody hears of it
        hands.slots = 3
        hands.renew()
        hands.turn()
        assert len(hands.running) == 3
        until_over(house, hands, run)
    assert len(hands.started) == len(set(hands.started)) == 12


def test_a_large_value_whose_answer_got_lost_is_recorded_once(
    served_house: Any, employ: Employ, tmp_path: Path
) -> None:
    house, url = served_house
    network, name = Network(), f"w-{house.ids.nonce()}"
    with connected(house, url, name, tmp_path, network) as lifecycle:
        lifecycle.register()
        run = house.start_run()
        (start,) = lifecycle.exchange([], 1, "first").starts
        spool = Spool(spool_path(tmp_path))
        pushed = spool.hand_over(XComValue("return_value", '"large"', "str", 7), start.instance, start.token)
        now = datetime.now(timezone.utc)
        outcome = Outcome(start.instance, start.token, TaskState.SUCCESS, now, xcoms=(pushed,))
        network.faults = [NO, AFTER]  # the value arrives, and what is said of it is recorded
        with pytest.raises(Unreachable):
            lifecycle.exchange([outcome], 0, "second")
        (answer,) = lifecycle.exchange([outcome], 0, "second").answers
        assert (answer.verdict, answer.state) == (ALREADY_RECORDED, "success")
        (row,) = (each for each in house.xcom_rows(run) if each.task_id == start.task_id)
        assert (house.home / "xcoms" / row.storage).read_text() == '"large"'
        assert list(spool_path(tmp_path).iterdir()) == []
        until_over(house, employ(lifecycle, tmp_path / "journal", ending), run)


def test_a_registration_whose_answer_got_lost_is_made_again(served_house: Any, tmp_path: Path) -> None:
    house, url = served_house
    network, name = Network([NO, AFTER]), f"w-{house.ids.nonce()}"
    with connected(house, url, name, tmp_path, network) as lifecycle:
        with pytest.raises(Unreachable):
            lifecycle.register()
        lifecycle.register()
        assert lifecycle.renew().is_alive
        lifecycle.leave("over")
        assert not lifecycle.renew().is_alive
