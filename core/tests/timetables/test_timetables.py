"""Timetables: Airflow 2's intervals, catching up or not, and their specs."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st
from tradewind.exceptions import TradewindTimetableInvalid
from tradewind.timetables import (
    AssetOrTimeSchedule,
    AssetTriggeredTimetable,
    ContinuousTimetable,
    CronDataIntervalTimetable,
    CronTriggerTimetable,
    DataInterval,
    DeltaDataIntervalTimetable,
    DeltaTriggerTimetable,
    EventsTimetable,
    MultipleCronTriggerTimetable,
    NullTimetable,
    OnceTimetable,
    RunSpec,
    Timetable,
    from_schedule,
    from_spec,
)
from tradewind_plugins.assets import Asset, AssetAlias

DAILY = CronDataIntervalTimetable("@daily")
ALL = [
    DAILY,
    CronDataIntervalTimetable("30 6 * * 1-5", "Europe/Berlin"),
    CronTriggerTimetable("0 */2 * * *"),
    DeltaDataIntervalTimetable(timedelta(hours=5)),
    DeltaDataIntervalTimetable(relativedelta(months=1)),
    CronTriggerTimetable("0 6 * * *", "Asia/Tokyo", interval=timedelta(days=1), clock_rule="matching"),
    MultipleCronTriggerTimetable(
        "0 6 * * *", "30 12 * * 5", timezone="Europe/Berlin", interval=relativedelta(months=1)
    ),
    DeltaTriggerTimetable(timedelta(hours=3), interval=timedelta(hours=1)),
    EventsTimetable([datetime(2024, 5, 1), datetime(2024, 3, 1)], restrict_to_events=True, description="two"),
    ContinuousTimetable(),
    AssetTriggeredTimetable([Asset("a"), AssetAlias("b")]),
    AssetOrTimeSchedule(timetable=CronTriggerTimetable("@daily"), assets=Asset("a") | Asset("b")),
    NullTimetable(),
    OnceTimetable(),
]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)


START = utc(2024, 1, 1)


def runs(timetable: Timetable, now: datetime, count: int, *, earliest=START, latest=None, catchup=True):
    """The first runs that a scheduler makes that asks at the moment ``now``."""
    after, found = None, []
    for _ in range(count):
        spec = timetable.next_run(after=after, earliest=earliest, latest=latest, catchup=catchup, now=now)
        if spec is None:
            break
        found.append(spec)
        after = spec.data_interval_end
    return found


def test_a_run_is_made_at_the_end_of_its_interval():
    first, second = runs(DAILY, utc(2024, 6, 1), 2)
    assert first == RunSpec(utc(2024, 1, 1), utc(2024, 1, 1), utc(2024, 1, 2), utc(2024, 1, 2))
    assert second.logical_date == utc(2024, 1, 2)


def test_the_first_interval_begins_at_the_first_tick_from_the_start_date():
    (first,) = runs(DAILY, utc(2024, 6, 1), 1, earliest=utc(2024, 1, 1, 10))
    assert first.logical_date == utc(2024, 1, 2)


def test_without_catchup_the_latest_complete_interval_comes_first():
    now = utc(2024, 6, 1, 15)
    first, second = runs(DAILY, now, 2, catchup=False)
    assert (first.logical_date, first.run_at) == (utc(2024, 5, 31), utc(2024, 6, 1))
    assert (second.logical_date, second.run_at) == (utc(2024, 6, 1), utc(2024, 6, 2))


def test_without_catchup_at_a_tick_the_interval_that_just_ended_counts():
    (first,) = runs(DAILY, utc(2024, 6, 1), 1, catchup=False)
    assert first.logical_date == utc(2024, 5, 31)


def test_without_catchup_nothing_begins_before_the_start_date():
    (first,) = runs(DAILY, utc(2024, 1, 1, 12), 1, catchup=False)
    assert (first.logical_date, first.run_at) == (utc(2024, 1, 1), utc(2024, 1, 2))


def test_no_run_has_a_logical_date_after_the_end_date():
    made = runs(DAILY, utc(2024, 6, 1), 10, latest=utc(2024, 1, 3))
    assert [spec.logical_date.day for spec in made] == [1, 2, 3]


def test_without_a_start_date_nothing_is_scheduled():
    without = [timetable for timetable in ALL if timetable.kind != "events"]
    assert [runs(timetable, utc(2024, 6, 1), 1, earliest=None) for timetable in without] == [[]] * len(without)


def test_deltas_follow_each_other_from_the_start_date():
    made = runs(DeltaDataIntervalTimetable(timedelta(hours=5)), utc(2024, 6, 1), 3)
    assert [spec.run_at for spec in made] == [utc(2024, 1, 1, 5), utc(2024, 1, 1, 10), utc(2024, 1, 1, 15)]


def test_deltas_without_catchup_stay_on_the_grid_of_the_start_date():
    (first,) = runs(DeltaDataIntervalTimetable(timedelta(hours=5)), utc(2024, 1, 1, 12), 1, catchup=False)
    assert (first.data_interval_start, first.data_interval_end) == (utc(2024, 1, 1, 5), utc(2024, 1, 1, 10))


def test_once_is_once_and_none_is_never():
    assert [spec.run_at for spec in runs(OnceTimetable(), utc(2024, 6, 1), 3)] == [utc(2024, 1, 1)]
    assert runs(NullTimetable(), utc(2024, 6, 1), 3) == []


def test_triggers_run_at_the_tick_itself():
    made = runs(CronTriggerTimetable("@daily"), utc(2024, 6, 1), 2)
    assert [(spec.logical_date, spec.run_at) for spec in made] == [
        (utc(2024, 1, day), utc(2024, 1, day)) for day in (1, 2)
    ]
    (latest,) = runs(CronTriggerTimetable("@daily"), utc(2024, 6, 1, 9), 1, catchup=False)
    assert latest.run_at == utc(2024, 6, 1)


@pytest.mark.parametrize(
    ("timetable", "interval"),
    [
        (DAILY, DataInterval(utc(2024, 5, 31), utc(2024, 6, 1))),
        (DeltaDataIntervalTimetable(timedelta(hours=2)), DataInterval(utc(2024, 6, 1, 13), utc(2024, 6, 1, 15))),
        (NullTimetable(), DataInterval(utc(2024, 6, 1, 15), utc(2024, 6, 1, 15))),
    ],
)
def test_a_manual_run_is_about_the_last_complete_interval(timetable, interval):
    assert timetable.manual_interval(utc(2024, 6, 1, 15)) == interval


def test_a_trigger_with_an_interval_is_about_the_time_before_its_tick():
    (first,) = runs(CronTriggerTimetable("0 6 * * *", interval=timedelta(days=1)), utc(2024, 6, 1), 1)
    assert first == RunSpec(utc(2023, 12, 31, 6), utc(2023, 12, 31, 6), utc(2024, 1, 1, 6), utc(2024, 1, 1, 6))
    assert CronTriggerTimetable("0 6 * * *", interval=timedelta(days=1)).manual_interval(utc(2024, 6, 2)) == (
        utc(2024, 6, 1),
        utc(2024, 6, 2),
    )


def test_several_crons_make_one_run_where_they_meet():
    timetable = MultipleCronTriggerTimetable("0 0 * * *", "0 */12 * * *", "30 6 1 * *")
    made = [spec.run_at for spec in runs(timetable, utc(2024, 6, 1), 5)]
    assert made == [
        utc(2024, 1, 1), utc(2024, 1, 1, 6, 30), utc(2024, 1, 1, 12), utc(2024, 1, 2), utc(2024, 1, 2, 12),
    ]  # fmt: skip
    (latest,) = runs(timetable, utc(2024, 6, 1, 7), 1, catchup=False)
    assert latest.run_at == utc(2024, 6, 1, 6, 30)


def test_delta_triggers_run_from_the_start_date_on_and_months_are_months():
    made = runs(DeltaTriggerTimetable(timedelta(hours=5)), utc(2024, 6, 1), 3)
    assert [spec.run_at for spec in made] == [utc(2024, 1, 1), utc(2024, 1, 1, 5), utc(2024, 1, 1, 10)]
    months = DeltaDataIntervalTimetable(relativedelta(months=1))
    assert [spec.run_at for spec in runs(months, utc(2024, 6, 1), 3)] == [utc(2024, month, 1) for month in (2, 3, 4)]
    (latest,) = runs(months, utc(2024, 6, 20), 1, catchup=False)
    assert (latest.data_interval_start, latest.data_interval_end) == (utc(2024, 5, 1), utc(2024, 6, 1))
    (latest,) = runs(DeltaTriggerTimetable(relativedelta(months=1)), utc(2024, 6, 20), 1, catchup=False)
    assert latest.run_at == utc(2024, 6, 1)


def test_events_come_once_each_and_without_catchup_only_those_to_come():
    events = EventsTimetable([utc(2024, 5, 1), utc(2024, 3, 1), utc(2024, 3, 1), utc(2023, 1, 1)])
    assert [spec.run_at for spec in runs(events, utc(2024, 4, 1), 9)] == [utc(2024, 3, 1), utc(2024, 5, 1)]
    assert [spec.run_at for spec in runs(events, utc(2024, 4, 1), 9, catchup=False)] == [utc(2024, 5, 1)]
    assert runs(events, utc(2024, 4, 1), 9, latest=utc(2024, 2, 1)) == []
    assert (events.summary, EventsTimetable([]).summary) == ("3 events", "0 events")
    restricted = EventsTimetable(events.event_dates, restrict_to_events=True)
    assert restricted.manual_interval(utc(2024, 4, 1)).start == utc(2024, 3, 1)
    assert restricted.manual_interval(utc(2020, 1, 1)).start == utc(2023, 1, 1)
    assert events.manual_interval(utc(2024, 4, 1)).start == utc(2024, 4, 1)


def test_a_continuous_run_is_about_the_time_since_the_last_one():
    timetable = ContinuousTimetable()
    first = timetable.next_run(after=None, earliest=START, latest=None, catchup=False, now=utc(2024, 6, 1))
    assert (first.data_interval_start, first.run_at) == (START, utc(2024, 6, 1))
    made = timetable.as_made(first, utc(2024, 6, 2))
    assert (made.data_interval_start, made.data_interval_end) == (START, utc(2024, 6, 2))
    assert timetable.active_runs_limit == 1


@pytest.mark.parametrize(
    "make",
    [
        MultipleCronTriggerTimetable,
        lambda: CronTriggerTimetable("@daily", interval=timedelta(-1)),
        lambda: CronTriggerTimetable("@daily", interval=5),
        lambda: DeltaTriggerTimetable(timedelta(0)),
        lambda: DeltaTriggerTimetable(relativedelta(hour=3)),
        lambda: EventsTimetable(["2024-01-01"]),
        lambda: AssetOrTimeSchedule(timetable=AssetTriggeredTimetable([]), assets=[]),
        lambda: AssetTriggeredTimetable(["a"]),
    ],
)
def test_what_makes_no_timetable_is_refused(make):
    with pytest.raises(TradewindTimetableInvalid):
        make()


@pytest.mark.parametrize("timetable", ALL, ids=repr)
def test_a_timetable_survives_its_spec(timetable):
    assert from_spec(timetable.to_spec()) == timetable
    assert hash(from_spec(timetable.to_spec())) == hash(timetable)


def test_a_spec_of_another_version_is_refused():
    with pytest.raises(TradewindTimetableInvalid, match="does not know the timetable"):
        from_spec({"type": "lunar"})


def test_a_timetable_of_one_s_own_is_refused():
    class Lunar(Timetable):
        kind = "lunar"

    class Sneaky(NullTimetable):
        pass

    for own in (Lunar(), Sneaky()):
        with pytest.raises(TradewindTimetableInvalid, match="derive a timetable of your own"):
            from_schedule(own)


@given(
    st.sampled_from(
        [timetable for timetable in ALL if timetable.kind in ("cron", "delta") and "length" not in timetable.to_spec()]
    ),
    st.datetimes(datetime(2020, 1, 1), datetime(2023, 1, 1), timezones=st.just(timezone.utc)),
    st.timedeltas(timedelta(0), timedelta(days=900)),
)
def test_intervals_leave_no_gap_and_without_catchup_the_first_is_the_last_complete(timetable, earliest, passed):
    now = earliest + passed
    made = runs(timetable, now, 4, earliest=earliest)
    assert all(one.data_interval_end == other.data_interval_start for one, other in pairwise(made))
    (latest,) = runs(timetable, now, 1, earliest=earliest, catchup=False)
    assert latest.data_interval_start >= earliest
    if latest.run_at <= now:
        assert (
            timetable.next_run(
                after=latest.data_interval_end, earliest=earliest, latest=None, catchup=True, now=now
            ).run_at
            > now
        )
    else:
        assert latest == made[0]
