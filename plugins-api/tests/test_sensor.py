"""Sensors: both modes, timeouts, soft failure."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from tradewind_plugins.exceptions import (
    TaskDeferralError,
    TradewindException,
    TradewindFailException,
    TradewindRescheduleException,
    TradewindSensorTimeout,
    TradewindSkipException,
)
from tradewind_plugins.operator import TRIGGER_FAIL_REPR, TRIGGER_TIMEOUT
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
    [{"mode": "smart"}, {"timeout": -1}, {"max_wait": -1}, {"never_fail": True, "soft_fail": True}],
)
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(TradewindException, match="Task 's'"):
        Countdown(task_id="s", looks=1, **arguments)


class Failing(BaseSensor):
    """Fails at its first look, and finds at its second."""

    looks = 0

    def __init__(self, *, error, **arguments):
        super().__init__(**arguments)
        self.error = error

    def poke(self, context):
        self.looks += 1
        if self.looks == 1:
            raise self.error
        return True


@pytest.mark.parametrize(
    ("arguments", "error", "raised"),
    [
        ({}, ValueError("broken"), ValueError),
        ({"never_fail": True}, ValueError("broken"), TradewindSkipException),
        ({"soft_fail": True}, ValueError("broken"), ValueError),
        ({"soft_fail": True}, TradewindFailException("for good"), TradewindSkipException),
        ({"never_fail": True}, TradewindFailException("for good"), TradewindSkipException),
        ({"silent_fail": True}, TradewindFailException("for good"), TradewindFailException),
        ({"silent_fail": True}, ValueError("broken"), None),
    ],
)
def test_what_a_look_that_fails_means(arguments, error, raised):
    sensor = Failing(task_id="s", error=error, poke_interval=0, **arguments)
    if raised is None:
        sensor.execute({})
        assert sensor.looks == 2
    else:
        with pytest.raises(raised):
            sensor.execute({})


def test_pauses_grow_up_to_the_longest_and_are_the_same_wherever_it_looks_again():
    def pause(waited, **more):
        since = datetime.now(timezone.utc) - timedelta(seconds=waited)
        context = {"ti": SimpleNamespace(waiting_since=since, key="k")}
        sensor = Countdown(task_id="s", looks=9, mode="reschedule", exponential_backoff=True, poke_interval=10, **more)
        with pytest.raises(TradewindRescheduleException) as caught:
            sensor.execute(context)
        return round((caught.value.reschedule_date - datetime.now(timezone.utc)).total_seconds())

    first, second, third, late = (pause(waited) for waited in (0, 8, 23, 100))
    assert 5 <= first <= 10 <= second <= 20 <= third <= 40 < late
    assert pause(8) == second
    assert pause(100, max_wait=30) == 30
    assert pause(100, timeout=104) == 4


def test_a_deferral_that_ends_in_vain_or_fails_counts_as_the_sensors_own():
    def resumed(error, **arguments):
        sensor = Countdown(task_id="s", looks=1, **arguments)
        return sensor.resume_execution(TRIGGER_FAIL_REPR, {"error": error, "traceback": "told"}, {})

    with pytest.raises(TradewindSensorTimeout):
        resumed(TRIGGER_TIMEOUT)
    with pytest.raises(TaskDeferralError, match="told"):
        resumed("Trigger failure")
    for error in (TRIGGER_TIMEOUT, "Trigger failure"):
        with pytest.raises(TradewindSkipException):
            resumed(error, soft_fail=True)
    with pytest.raises(TradewindException, match=r"Countdown\.gone, which does not exist"):
        Countdown(task_id="s", looks=1).resume_execution("gone", {}, {})
