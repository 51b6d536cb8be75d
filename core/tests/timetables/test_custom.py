"""Timetables of one's own: what they are asked, what is listed of them, and what stands for them elsewhere."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from tradewind.exceptions import TradewindTimetableInvalid
from tradewind.timetables import (
    AssetOrTimeSchedule,
    CronDataIntervalTimetable,
    CustomTimetable,
    DagRunInfo,
    DataInterval,
    TimeRestriction,
    from_schedule,
    from_spec,
)
from tradewind.timetables.custom import Listed, TimetableOfFile


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)


DAY = timedelta(days=1)
FRIDAY, SATURDAY, MONDAY = utc(2024, 5, 31), utc(2024, 6, 1), utc(2024, 6, 3)
FOR_EVER = TimeRestriction(FRIDAY, None, True)


class Workdays(CustomTimetable):
    """The day before, on working days: as people write one after Airflow's documentation."""

    def __init__(self, hour: int = 0) -> None:
        self.hour = hour

    def next_dagrun_info(self, *, last_automated_data_interval: Any, restriction: Any) -> DagRunInfo | None:
        if last_automated_data_interval is not None:
            start = last_automated_data_interval.start.add(days=1)
        else:
            start = restriction.earliest
        while start.weekday() >= 5:
            start = start.add(days=1)
        if restriction.latest is not None and start > restriction.latest:
            return None
        return DagRunInfo(start.add(days=1, hours=self.hour), DataInterval(start, start.add(days=1)))

    def serialize(self) -> dict[str, Any]:
        return {"hour": self.hour}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> CustomTimetable:
        return cls(data["hour"])

    def validate(self) -> None:
        if not 0 <= self.hour < 24:
            raise TradewindTimetableInvalid("An hour is 0 to 23.")


class Nonsense(CustomTimetable):
    def next_dagrun_info(self, *, last_automated_data_interval: Any, restriction: Any) -> Any:
        return "soon"


class Stuck(CustomTimetable):
    def next_dagrun_info(self, *, last_automated_data_interval: Any, restriction: Any) -> Any:
        return DagRunInfo.exact(restriction.earliest)


def test_it_is_asked_with_moments_of_pendulum_and_answers_with_a_run():
    run = Workdays(3).run_behind(DataInterval(FRIDAY, SATURDAY), FOR_EVER)
    assert (run.data_interval_start, run.data_interval_end, run.run_at) == (MONDAY, MONDAY + DAY, MONDAY + DAY * 1.125)
    assert type(run.run_at) is datetime


def test_its_runs_are_listed_from_the_last_one_on_up_to_a_hundred_ahead():
    listed = Workdays().listed(DataInterval(FRIDAY, SATURDAY), FOR_EVER, utc(2024, 7, 1))
    assert listed[0].data_interval_start == MONDAY
    assert len([run for run in listed if run.run_at > utc(2024, 7, 1)]) == 100
    assert all(run.data_interval_start.weekday() < 5 for run in listed)
    assert len(Stuck().listed(None, FOR_EVER, MONDAY)) == 1
    assert len(Workdays().listed(None, TimeRestriction(FRIDAY, MONDAY, True), MONDAY)) == 2


def test_elsewhere_what_was_listed_stands_for_it():
    timetable = Workdays(5)
    known = from_spec(timetable.to_spec())
    assert isinstance(known, TimetableOfFile)
    assert (known.to_spec(), known.summary) == (timetable.to_spec(), "Workdays")
    assert known == timetable
    listed = known.knowing(timetable.listed(None, FOR_EVER, MONDAY))

    def ask(now: datetime, after: datetime | None = None, *, catchup: bool = True) -> Any:
        found = listed.next_run(after=after, earliest=None, latest=None, catchup=catchup, now=now)
        return None if found is None else found.data_interval_start

    assert ask(FRIDAY) == FRIDAY
    assert ask(utc(2024, 6, 20), FRIDAY + DAY) == MONDAY
    assert ask(utc(2024, 6, 20, 6), FRIDAY + DAY, catchup=False) == utc(2024, 6, 19)
    assert ask(FRIDAY, utc(2030, 1, 1)) is None


def test_moments_that_are_listed_come_once_each():
    moments = [DagRunInfo.exact(utc(2024, 6, day)) for day in (1, 2)]
    listed = Listed(tuple(Fixed(each).run_behind(None, FOR_EVER) for each in moments))
    assert listed.next_run(utc(2024, 6, 1), catchup=True, now=MONDAY).run_at == utc(2024, 6, 2)
    assert listed.next_run(utc(2024, 6, 2), catchup=True, now=MONDAY) is None


class Fixed(CustomTimetable):
    def __init__(self, info: DagRunInfo) -> None:
        self.info = info

    def next_dagrun_info(self, *, last_automated_data_interval: Any, restriction: Any) -> DagRunInfo:
        return self.info


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: from_schedule(Workdays(24)), "An hour is 0 to 23"),
        (lambda: Nonsense().run_behind(None, FOR_EVER), "gave no run but 'soon'"),
        (lambda: from_schedule(AssetOrTimeSchedule(timetable=Workdays(), assets=[])), "must be installed"),
        (
            lambda: from_schedule(type("Mine", (CronDataIntervalTimetable,), {})("@daily")),
            "derive a timetable of your own",
        ),
    ],
)
def test_what_makes_none_is_refused_with_a_sentence(make, said):
    with pytest.raises(TradewindTimetableInvalid, match=said):
        make()
