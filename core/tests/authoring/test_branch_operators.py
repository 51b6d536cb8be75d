"""Operators that choose by the schedule, the clock or the calendar; each with a neighbour that goes on."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone

import pendulum
import pytest
import time_machine
from tradewind import DAG
from tradewind.exceptions import TradewindException
from tradewind.operators.branch import BaseBranchOperator
from tradewind.operators.datetime import BranchDateTimeOperator
from tradewind.operators.empty import EmptyOperator
from tradewind.operators.latest_only import LatestOnlyOperator
from tradewind.operators.weekday import BranchDayOfWeekOperator, WeekDay
from tradewind.timetables import CronTriggerTimetable

NOW = datetime(2024, 3, 10, 20, 0, tzinfo=timezone.utc)  # a Sunday; in Tokyo it is Monday, five in the morning
FOLLOW = {"follow_task_ids_if_true": "yes", "follow_task_ids_if_false": ["no"]}


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def scheduled(run):
    """Run the task ``latest`` of a DAG for an interval; return what it skips."""

    def skipped(schedule, start: datetime, end: datetime, run_type: str = "scheduled", **arguments) -> list[str]:
        dag = DAG("made", schedule=schedule, start_date=pendulum.datetime(2024, 1, 1), **arguments)
        after = EmptyOperator(task_id="after", trigger_rule="all_done", dag=dag)
        after >> EmptyOperator(task_id="farther", dag=dag)
        LatestOnlyOperator(task_id="latest", dag=dag) >> [after, EmptyOperator(task_id="also", dag=dag)]
        interval = {"data_interval_start": start, "data_interval_end": end, "logical_date": start}
        chosen = run(dag, "latest", dag_run={"run_type": run_type, **interval})
        assert chosen == ([] if run.ti.skipped_task_ids else ["after", "also"])
        return run.ti.skipped_task_ids

    return skipped


TODAY = NOW.replace(hour=0)
DAY = timedelta(days=1)


def test_the_latest_run_goes_on_and_an_older_one_skips_only_what_is_direct(scheduled):
    assert scheduled("@daily", TODAY - DAY, TODAY) == []
    assert scheduled("@daily", TODAY - 2 * DAY, TODAY - DAY) == ["after", "also"]
    assert scheduled("@daily", TODAY, TODAY + DAY) == ["after", "also"]


def test_a_run_is_the_latest_until_the_next_is_due_and_at_that_moment_still(scheduled, clock):
    clock.move_to(TODAY + DAY)
    assert scheduled("@daily", TODAY - DAY, TODAY) == []
    assert scheduled("@daily", TODAY, TODAY + DAY) == ["after", "also"]
    clock.move_to(TODAY + DAY + timedelta(microseconds=1))
    assert scheduled("@daily", TODAY - DAY, TODAY) == ["after", "also"]
    assert scheduled("@daily", TODAY, TODAY + DAY) == []


def test_a_triggered_run_goes_on_always(scheduled):
    assert scheduled("@daily", TODAY - 9 * DAY, TODAY - 8 * DAY, run_type="manual") == []


def test_the_end_of_the_dag_changes_nothing_and_a_schedule_without_a_next_run_goes_on(scheduled):
    assert scheduled("@daily", TODAY - DAY, TODAY, end_date=TODAY - DAY) == []
    assert scheduled("@daily", TODAY - 3 * DAY, TODAY - 2 * DAY, end_date=TODAY - 3 * DAY) == ["after", "also"]
    assert scheduled("@once", TODAY - 9 * DAY, TODAY - 9 * DAY) == []


def test_other_schedules_have_a_latest_run_too(scheduled):
    hour = timedelta(hours=1)
    assert scheduled(hour, NOW - hour - hour / 2, NOW - hour / 2) == []
    assert scheduled(hour, NOW - hour * 5 / 2, NOW - hour * 3 / 2) == ["after", "also"]
    moments = CronTriggerTimetable("0 0 * * *")
    assert scheduled(moments, TODAY, TODAY) == []
    assert scheduled(moments, TODAY - DAY, TODAY - DAY) == ["after", "also"]


def branch(dag, run, operator, **arguments) -> str:
    """Return which of two ways is taken; the other one is skipped."""
    choose = operator(task_id="choose", dag=dag, **{**FOLLOW, **arguments})
    choose >> [EmptyOperator(task_id=name, dag=dag) for name in ("yes", "no")]
    chosen = run(dag, "choose")
    way = chosen if isinstance(chosen, str) else chosen[0]
    assert run.ti.skipped_task_ids == [{"yes": "no", "no": "yes"}[way]]
    return way


@pytest.mark.parametrize(
    ("lower", "upper", "way"),
    [
        (time(20), time(20), "yes"),
        (time(20, 1), None, "no"),
        (None, time(19, 59), "no"),
        (time(19), time(6), "yes"),
        (time(21), time(6), "no"),
        (time(5, tzinfo=timezone(timedelta(hours=9))), time(23), "yes"),
        (datetime(2024, 3, 10, 19), datetime(2024, 3, 10, 21), "yes"),
        (datetime(2024, 3, 11), None, "no"),
        (datetime(2024, 3, 10, 21), datetime(2024, 3, 10, 19), "no"),
        (datetime(2024, 3, 9), time(21), "yes"),
    ],
)
def test_a_branch_lies_between_its_bounds(dag, run, lower, upper, way):
    assert branch(dag, run, BranchDateTimeOperator, target_lower=lower, target_upper=upper) == way


def test_bounds_without_a_zone_are_in_that_of_the_dag(run):
    tokyo = DAG("tokyo", schedule=None, start_date=pendulum.datetime(2024, 1, 1, tz="Asia/Tokyo"))
    bounds = {"target_lower": datetime(2024, 3, 11, 4), "target_upper": datetime(2024, 3, 11, 6)}
    assert branch(tokyo, run, BranchDateTimeOperator, **bounds) == "yes"


def test_a_branch_may_go_by_the_logical_date(dag, run):
    bounds = {"target_lower": time(12), "target_upper": time(13), "use_task_logical_date": True}
    assert branch(dag, run, BranchDateTimeOperator, **bounds) == "yes"


def test_old_names_are_taken_with_a_warning_at_the_authors_line(dag):
    bounds = {"target_lower": time(1), "target_upper": None}
    with pytest.warns(DeprecationWarning, match="use_task_logical_date now") as caught:  # noqa: PT031 - both lines count
        by_date = BranchDateTimeOperator(task_id="t", use_task_execution_date=True, **bounds, **FOLLOW)
        by_day = BranchDayOfWeekOperator(task_id="o", week_day="Monday", use_task_execution_day=True, **FOLLOW)
    assert by_date.use_task_logical_date
    assert by_day.use_task_logical_date
    assert [each.filename for each in caught] == [__file__, __file__]


def test_bounds_are_asked_for(dag, run):
    with pytest.raises(TradewindException, match="'t' needs target_lower or target_upper"):
        BranchDateTimeOperator(task_id="t", target_lower=None, target_upper=None, **FOLLOW)
    with pytest.raises(TradewindException, match="'t': target_upper is a datetime, a time or None, not '18:00'"):
        BranchDateTimeOperator(task_id="t", target_lower=None, target_upper="18:00", **FOLLOW)
    assert branch(dag, run, BranchDateTimeOperator, target_lower=time(1), target_upper=None) == "yes"


@pytest.mark.parametrize(
    ("week_day", "way"),
    [
        ("Sunday", "yes"),
        ("sunday", "yes"),
        (WeekDay.SUNDAY, "yes"),
        ({WeekDay.SATURDAY, "Sunday"}, "yes"),
        (["Monday", "Tuesday"], "no"),
    ],
)
def test_a_branch_knows_the_day_of_the_week(dag, run, week_day, way):
    assert branch(dag, run, BranchDayOfWeekOperator, week_day=week_day) == way


def test_today_is_that_of_the_dags_zone_and_the_logical_date_is_in_utc(run):
    def tokyo():
        return DAG("tokyo", schedule=None, start_date=pendulum.datetime(2024, 1, 1, tz="Asia/Tokyo"))

    assert branch(tokyo(), run, BranchDayOfWeekOperator, week_day="Monday") == "yes"
    assert branch(tokyo(), run, BranchDayOfWeekOperator, week_day="Sunday", use_task_logical_date=True) == "yes"


@pytest.mark.parametrize(
    ("week_day", "message"),
    [("Funday", "'Funday' is not a day"), (5, "not 5"), ([5], "not 5"), ([], "names no day"), (b"Monday", "not b'Mo")],
)
def test_what_is_no_day_of_the_week_is_refused(dag, run, week_day, message):
    with pytest.raises(TradewindException, match=rf"Task 'd': week_day.*{message}"):
        BranchDayOfWeekOperator(task_id="d", week_day=week_day, **FOLLOW)
    assert branch(dag, run, BranchDayOfWeekOperator, week_day="Sunday") == "yes"


def test_several_ids_may_come_from_any_iterable(dag, run):
    choose = BranchDayOfWeekOperator(
        task_id="choose",
        week_day="Sunday",
        follow_task_ids_if_true=(name for name in ("a", "b")),
        follow_task_ids_if_false="c",
        dag=dag,
    )
    choose >> [EmptyOperator(task_id=name, dag=dag) for name in "abc"]
    assert run(dag, "choose") == ["a", "b"]
    assert run.ti.skipped_task_ids == ["c"]


def test_a_branch_of_ones_own_must_choose_what_is_there(dag, run):
    class Choose(BaseBranchOperator):
        def choose_branch(self, context):
            return "none_such"

    Choose(task_id="own", dag=dag)
    BaseBranchOperator(task_id="bare", dag=dag)
    with pytest.raises(TradewindException, match="'own' chose 'none_such', which is no task"):
        run(dag, "own")
    with pytest.raises(NotImplementedError, match="BaseBranchOperator does not say"):
        run(dag, "bare")
    assert branch(dag, run, BranchDayOfWeekOperator, week_day="Sunday") == "yes"
