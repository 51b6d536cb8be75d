"""Cron expressions: ticks forwards and backwards, changes of clocks, errors."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tradewind.exceptions import TradewindTimetableInvalid
from tradewind.timetables.cron import Cron, check_expression, zone

BERLIN = "Europe/Berlin"
EXPRESSIONS = [
    "* * * * *",
    "*/15 * * * *",
    "0 * * * *",
    "30 2 * * *",
    "30 2,3 * * *",
    "0 0 * * *",
    "15 1-3 * * *",
    "0 */6 * * *",
    "0 0 1 * *",
    "0 12 L * *",
    "0 0 * * MON-FRI",
    "0 0 29 2 *",
]
ZONES = ["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo", "+05:30"]
MOMENTS = st.datetimes(datetime(2001, 1, 1), datetime(2035, 1, 1), timezones=st.just(timezone.utc))


def berlin(*parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, fold=fold, tzinfo=ZoneInfo(BERLIN)).astimezone(timezone.utc)


@given(st.sampled_from(EXPRESSIONS), st.sampled_from(ZONES), MOMENTS)
@example("30 2 * * *", BERLIN, berlin(2024, 3, 31, 3, 0))
@example("30 2 * * *", BERLIN, berlin(2024, 10, 27, 2, 45, fold=1))
def test_ticks_backwards_are_the_ticks_forwards(expression, zone_name, moment):
    cron = Cron(expression, zone_name)
    following = cron.after(moment)
    preceding = cron.before(moment)
    assert preceding < moment < following
    assert cron.before(following) <= moment
    assert cron.after(preceding) >= moment
    assert cron.at_or_after(following) == following == cron.at_or_before(following)


def test_a_time_that_clocks_leave_out_is_made_up_for_after_the_gap():
    cron = Cron("30 2 * * *", BERLIN)
    assert cron.after(berlin(2024, 3, 30, 12)) == berlin(2024, 3, 31, 3, 0)
    assert cron.after(berlin(2024, 3, 31, 3, 0)) == berlin(2024, 4, 1, 2, 30)


def test_a_time_that_clocks_repeat_happens_once():
    cron = Cron("30 2 * * *", BERLIN)
    assert cron.after(berlin(2024, 10, 26, 12)) == berlin(2024, 10, 27, 2, 30)
    assert cron.after(berlin(2024, 10, 27, 2, 30)) == berlin(2024, 10, 28, 2, 30)


def test_what_runs_often_goes_by_elapsed_time():
    cron = Cron("0 * * * *", BERLIN)
    tick = berlin(2024, 10, 27, 0, 30)
    ticks = []
    for _ in range(5):
        tick = cron.after(tick)
        ticks.append(tick)
    assert {later - earlier for earlier, later in pairwise(ticks)} == {timedelta(hours=1)}


CHANGES = [
    ("Europe/Berlin", datetime(2018, 3, 25, 1, tzinfo=timezone.utc)),
    ("Europe/Berlin", datetime(2018, 10, 28, 1, tzinfo=timezone.utc)),
    ("Australia/Lord_Howe", datetime(2018, 4, 1, 15, tzinfo=timezone.utc)),  # by half an hour
    ("Australia/Lord_Howe", datetime(2018, 10, 6, 15, 30, tzinfo=timezone.utc)),
]


@pytest.mark.parametrize(("zone_name", "change"), CHANGES)
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_around_changes_of_clocks_ticks_are_consistent(zone_name, change, expression):
    cron = Cron(expression, zone_name)
    for moment in (change + timedelta(minutes=37 * step) for step in range(-12, 13)):
        following, preceding = cron.after(moment), cron.before(moment)
        assert preceding < moment < following
        assert cron.after(preceding) >= moment
        assert cron.before(following) <= moment


@pytest.mark.parametrize(("zone_name", "change"), CHANGES)
@pytest.mark.parametrize(("expression", "minutes", "hours"), [("*/20 */2 * * *", 20, 2), ("0 */6 * * *", 60, 6)])
def test_what_runs_often_runs_whenever_the_wall_clock_matches(zone_name, change, expression, minutes, hours):
    local, cron = ZoneInfo(zone_name), Cron(expression, zone_name)
    tick, end = change - timedelta(hours=12), change + timedelta(hours=12)
    walls = (
        (moment, moment.astimezone(local)) for moment in (tick + timedelta(minutes=n) for n in range(1, 24 * 60 + 1))
    )
    expected = [moment for moment, wall in walls if wall.minute % minutes == 0 and wall.hour % hours == 0]
    found = []
    while (tick := cron.after(tick)) <= end:
        found.append(tick)
    assert found == expected


def test_midnight_of_the_named_zone_is_meant():
    assert Cron("@daily", BERLIN).after(berlin(2024, 7, 1, 12)) == datetime(2024, 7, 1, 22, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "expression", ["", "* * * *", "* * * * * *", "60 * * * *", "0 0 31 2 *", "@midnight", "a b c d e"]
)
def test_what_is_no_expression_is_refused(expression):
    with pytest.raises(TradewindTimetableInvalid, match="is not a"):
        check_expression(expression)


def test_an_unknown_zone_is_refused():
    with pytest.raises(TradewindTimetableInvalid, match="There is no time zone 'Europe/Atlantis'"):
        zone("Europe/Atlantis")


def test_a_schedule_that_never_comes_says_so():
    with pytest.raises(TradewindTimetableInvalid, match="never happens"):
        Cron("* * */20 * 1L", "UTC").after(datetime(2024, 1, 1, tzinfo=timezone.utc))
