"""Sensors: both modes, timeouts, soft failure."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from tradewind_plugins.exceptions import (
    TradewindException,
    TradewindRescheduleException,
    TradewindSensorTimeout,
    TradewindSkipException,
)
from tradewind_plugins.sensor import BaseSensor, PokeReturnValue


class Countdown(BaseSensor):
    def __init__(self, *, looks: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.looks = looks

    def poke(self, context: Any) -> Any:
        self.looks -= 1
        return PokeReturnValue(self.looks <= 0, xcom_value="there")


def test_poking_goes_on_until_it_is_there():
    sensor = Countdown(task_id="s", looks=3, poke_interval=0)
    assert sensor.execute({}) == "there"
    assert sensor.looks == 0


def test_the_timeout_ends_the_wait():
    with pytest.raises(TradewindSensorTimeout, match="Sensor 's' waited 0 s; its timeout is 0 s"):
        Countdown(task_id="s", looks=10**9, poke_interval=0, timeout=0.01).execute({})


def test_a_timeout_of_zero_still_looks_once():
    assert Countdown(task_id="s", looks=1, timeout=0).execute({}) == "there"


def test_soft_fail_skips():
    with pytest.raises(TradewindSkipException, match="soft_fail"):
        Countdown(task_id="s", looks=2, timeout=0, soft_fail=True).execute({})


def test_rescheduling_gives_the_slot_back_until_the_next_look():
    sensor = Countdown(task_id="s", looks=2, mode="reschedule", poke_interval=timedelta(minutes=10))
    assert sensor.reschedule
    before = datetime.now(timezone.utc)
    with pytest.raises(TradewindRescheduleException) as caught:
        sensor.execute({"ti": SimpleNamespace(waiting_since=None)})
    assert timedelta(minutes=9, seconds=59) < caught.value.reschedule_date - before < timedelta(minutes=11)


def test_rescheduled_looks_share_one_timeout_and_the_last_is_at_its_end():
    long_ago = datetime.now(timezone.utc) - timedelta(seconds=100)
    context = {"ti": SimpleNamespace(waiting_since=long_ago)}
    last = Countdown(task_id="s", looks=2, mode="reschedule", poke_interval=600, timeout=130)
    with pytest.raises(TradewindRescheduleException) as caught:
        last.execute(context)
    assert caught.value.reschedule_date - datetime.now(timezone.utc) < timedelta(seconds=31)
    with pytest.raises(TradewindSensorTimeout):
        Countdown(task_id="s", looks=2, mode="reschedule", timeout=99).execute(context)


@pytest.mark.parametrize(
    "arguments",
    [{"mode": "smart"}, {"timeout": -1}, {"exponential_backoff": True}, {"never_fail": True}],
)
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(TradewindException, match="Task 's'"):
        Countdown(task_id="s", looks=1, **arguments)
