"""Answers of the database that get lost: what was claimed is started once, whatever has changed when the worker asks again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError
from tradewind.execution.direct_lifecycle import DirectLifecycle
from tradewind.execution.lifecycle import Unreachable
from tradewind.execution.messages import Start
from tradewind.execution.settings import worker_settings
from tradewind.metadata import tables
from tradewind.transitions.recording import ALREADY_RECORDED
from tradewind.transitions.states import TaskState
from tradewind.transitions.values import Outcome

TWO = "from tradewind import DAG, task\nwith DAG('flow'):\n    @task\n    def a(): ...\n    @task\n    def b(): ...\n    a(); b()\n"
CHAINS = """
from tradewind import DAG, task
with DAG('flow'):
    for chain in range(3):
        last = None
        for link in range(3):
            task_ = task(task_id=f"link_{chain}_{link}")(lambda: None)()
            if last is not None:
                last >> task_
            last = task_
"""
BEFORE, AFTER, NO = "before", "after", "no"
"""When an exchange is cut off: before its commits, after one, or not at all."""


def lifecycle_of(house: Any, worker: str = "w1") -> DirectLifecycle:
    return DirectLifecycle(
        worker_settings(house.config, worker),
        house.config,
        house.database,
        graphs=house.graphs,
        clock=house.clock,
        ids=house.ids,
    )


def cut() -> OperationalError:
    return OperationalError("COMMIT", {}, Exception("server closed the connection unexpectedly"))


def ending(start: Start) -> Outcome:
    return Outcome(start.instance, start.token, TaskState.SUCCESS, datetime.now(timezone.utc))


@contextmanager
def cut_off(house: Any, when: str) -> Iterator[None]:
    """Have the next writing transaction lose its connection."""
    write = type(house.database).write

    def cut_write(database: Any, work: Any, **options: Any) -> Any:
        if when == AFTER:
            write(database, work, **options)
        if when != NO:
            raise cut()
        return write(database, work, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(house.database), "write", cut_write)
        yield


def test_what_was_claimed_before_the_connection_broke_is_started_once(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.deploy(TWO)
    lifecycle = lifecycle_of(house)
    lifecycle.register()
    house.start_run()
    prepare = lifecycle._starts.prepare

    def cut_then(_claimed: Any) -> Any:
        monkeypatch.setattr(lifecycle._starts, "prepare", prepare)
        raise cut()

    monkeypatch.setattr(lifecycle._starts, "prepare", cut_then)
    with pytest.raises(Unreachable):
        lifecycle.exchange([], 2, "nonce")
    again = lifecycle.exchange([], 2, "nonce")
    assert sorted(each.task_id for each in again.starts) == ["a", "b"]
    assert lifecycle.exchange([], 2, "another").starts == ()


@pytest.mark.parametrize("free", [0, 1])
def test_a_claim_whose_answer_got_lost_is_answered_where_no_slot_is_free_by_then(house: Any, free: int) -> None:
    house.deploy(CHAINS)
    lifecycle = lifecycle_of(house)
    lifecycle.register()
    house.start_run()
    (first,) = lifecycle.exchange([], 1, "first").starts
    with cut_off(house, AFTER), pytest.raises(Unreachable):
        lifecycle.exchange([ending(first)], 1, "second")
    again = lifecycle.exchange([ending(first)], free, "second")
    assert [each.verdict for each in again.answers] == [ALREADY_RECORDED]
    assert len(again.starts) == 1


def test_a_claim_whose_answer_got_lost_is_answered_beside_a_new_outcome(house: Any) -> None:
    house.deploy(CHAINS)
    lifecycle = lifecycle_of(house)
    lifecycle.register()
    house.start_run()
    (first,) = lifecycle.exchange([], 1, "first").starts
    with cut_off(house, AFTER), pytest.raises(Unreachable):
        lifecycle.exchange([], 1, "second")
    again = lifecycle.exchange([ending(first)], 2, "second")
    assert len({each.instance for each in again.starts}) == 2
    assert lifecycle.exchange([], 2, "third").starts != again.starts


STEP = st.tuples(st.sampled_from([BEFORE, AFTER, NO]), st.integers(0, 2), st.integers(0, 3))


@given(steps=st.lists(STEP, max_size=12))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_try_is_claimed_and_never_started(
    small_house: Any, employ: Callable[..., Any], tmp_path: Path, steps: Sequence[Any]
) -> None:
    small_house.deploy(CHAINS)
    name = f"w-{small_house.ids.nonce()}"
    run, hands = small_house.start_run(), employ(lifecycle_of(small_house, name), tmp_path / f"{name}.journal", ending)
    hands.lifecycle.register()
    for when, ended, slots in steps:
        for _ in range(ended):
            hands.end_one()
        hands.slots = slots
        hands.turn(cut_off(small_house, when))
        small_house.admit()
    hands.slots = 3
    for _ in range(12):
        hands.turn()
        assert running(small_house, run) == set(hands.running), "what the database says runs here does"
        hands.end_one()
        small_house.admit()
    hands.turn()
    assert small_house.run_state(run) == "success"
    assert len(hands.started) == len(set(hands.started)) == 9
    assert hands.desk.is_idle


def running(house: Any, run: int) -> set[tuple[int, int]]:
    t = tables.task_instance.c
    with house.database.read() as conn:
        return {
            (row.id, row.token)
            for row in conn.execute(sa.select(t.id, t.token).where(t.run == run, t.state == "running"))
        }
